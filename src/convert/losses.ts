import { plural } from "../report/wording/format.ts";
import type { EventBatch } from "../trace/event.ts";

/** What a log has and the format it is written in cannot hold, by what it is. */
export class Losses {
  readonly #counts = new Map<string, number>();

  /** `noun`: one of them, such as "comment" */
  add(noun: string, count = 1): void {
    if (count > 0) {
      this.#counts.set(noun, (this.#counts.get(noun) ?? 0) + count);
    }
  }

  /** All times, callers and comments of a batch. */
  addContext({ time, caller, length, notes }: EventBatch): void {
    let times = 0;
    let callers = 0;
    for (let i = 0; i < length; i++) {
      times += Number.isNaN(time[i]!) ? 0 : 1;
      callers += caller[i] === 0 ? 0 : 1;
    }
    this.add("time stamp", times);
    this.add("caller", callers);
    this.add("comment", notes.length);
  }

  /** "12 comments, 1 mark"; empty: nothing was lost */
  get text(): string {
    return [...this.#counts].map(([noun, count]) => plural(count, noun)).join(", ");
  }
}
