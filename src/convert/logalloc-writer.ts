import { type EventBatch, Op } from "../trace/event.ts";
import { callText } from "./call-text.ts";
import type { LogWriter } from "./log-writer.ts";
import { Losses } from "./losses.ts";
import { ProcessOfThread } from "./process-of-thread.ts";

/** Firefox's logalloc, as its library prints it: `pid tid malloc(20)=0x5581a2b0`. */
export class LogallocWriter implements LogWriter {
  readonly losses = new Losses();
  readonly #processes = new ProcessOfThread();

  write(batch: EventBatch): string {
    this.losses.addContext(batch);
    const { notes, length } = batch;
    let text = "";
    let next = 0;
    for (let i = 0; i <= length; i++) {
      for (; notes[next]?.at === i; next++) {
        this.#processes.read(notes[next]!);
      }
      text += i < length ? this.#line(batch, i) : "";
    }
    return text;
  }

  #line(batch: EventBatch, i: number): string {
    const lost = lostCall(batch, i);
    if (lost !== null) {
      this.losses.add(lost);
      return "";
    }
    const tid = batch.tid[i]!;
    // Without blanks behind commas.
    let call = callText(batch, i, "=", "").replace(", ", ",");
    if (batch.op[i] === Op.pvalloc) {
      // The block has its alignment, and may be shorter.
      this.losses.add("pvalloc call");
      call = call.replace("pvalloc", "valloc");
    }
    return `${this.#processes.of(tid)} ${tid} ${call}\n`;
  }
}

/** What a call is that logalloc has no line for; null: it has one. */
function lostCall({ op, size }: EventBatch, i: number): string | null {
  switch (op[i]) {
    case Op.mallocTrim:
      return "malloc_trim call";
    case Op.mallopt:
      return "mallopt call";
    case Op.threadExit:
      return "thread exit";
    case Op.mark:
      return "mark";
    default:
      return size[i]! < 2 ** 64 ? null : "failed call";
  }
}
