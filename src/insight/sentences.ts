import { duration } from "../report/format.ts";
import type { Sentence } from "../report/presented.ts";

export function plain(text: string): Sentence {
  return { tone: "plain", text };
}

/** Times out of order can put a moment before the first line's: then nothing is said of it. */
export function after(time: number | null, separator = ""): string {
  return time === null || time < 0 ? "" : `${separator} after ${duration(time)}`;
}
