import { duration } from "../report/wording/format.ts";
import type { Sentence } from "../report/wording/presented.ts";

export function plain(text: string): Sentence {
  return { tone: "plain", text };
}

/** A sentence under the name of its part of the answer: "Why: …". */
export function labelled(part: string, { tone, text }: Sentence): Sentence {
  return { tone, text: `${part}: ${text}` };
}

/** " after 4.56 s"; empty for a time before the first event, which times out of order can cause. */
export function after(time: number | null, separator = ""): string {
  return time === null || time < 0 ? "" : `${separator} after ${duration(time)}`;
}
