import { type EventBatch, Op } from "../trace/event.ts";
import { nameOfCaller } from "../trace/stated/caller-names.ts";
import { hexadecimal } from "./call-text.ts";
import { secondsText } from "./clock-text.ts";
import type { LogTexts, LogWriter } from "./log-writer.ts";
import { Losses } from "./losses.ts";

const HEAD = "line,time,tid,caller,call,size,alignment,pointer,result,label\n";

const NAMES: Readonly<Record<Op, string>> = {
  [Op.malloc]: "malloc",
  [Op.calloc]: "calloc",
  [Op.realloc]: "realloc",
  [Op.memalign]: "memalign",
  [Op.valloc]: "valloc",
  [Op.pvalloc]: "pvalloc",
  [Op.free]: "free",
  [Op.mallocTrim]: "malloc_trim",
  [Op.mallopt]: "mallopt",
  [Op.threadExit]: "thread_exit",
  [Op.mark]: "mark",
};

/**
 * A table for spreadsheets and databases, one row for each call: sizes in bytes, times in seconds on the log's clock,
 * pointers in hexadecimal. What a call does not have is empty; of mallopt, the parameter stands in `alignment`.
 */
export class CsvWriter implements LogWriter {
  readonly losses = new Losses();
  readonly #texts: LogTexts;
  #isBegun = false;

  constructor(texts: LogTexts) {
    this.#texts = texts;
  }

  write(batch: EventBatch): string {
    this.losses.add("comment", batch.notes.length);
    let text = this.#isBegun ? "" : HEAD;
    this.#isBegun = true;
    for (let i = 0; i < batch.length; i++) {
      text += this.#row(batch, i);
    }
    return text;
  }

  #row({ op, tid, time, caller, size, align, pointerIn, pointerOut, line }: EventBatch, i: number) {
    // The column holds an Op.
    const call = op[i]! as Op;
    const isMark = call === Op.mark;
    const hasSize = call !== Op.free && call !== Op.threadExit && !isMark;
    const cells = [
      line[i],
      Number.isNaN(time[i]!) ? "" : secondsText(time[i]!),
      tid[i],
      this.#caller(caller[i]!),
      NAMES[call],
      hasSize ? whole(size[i]!) : "",
      call === Op.memalign || call === Op.mallopt ? whole(align[i]!) : "",
      call === Op.free || call === Op.realloc ? hexadecimal(pointerIn[i]!) : "",
      call <= Op.pvalloc ? hexadecimal(pointerOut[i]!) : "",
      isMark ? this.#label(align[i]!) : "",
    ];
    return `${cells.join(",")}\n`;
  }

  #caller(caller: number): string {
    const name = nameOfCaller(caller, this.#texts.callerNames);
    return name !== null ? quoted(name) : caller === 0 ? "" : hexadecimal(caller);
  }

  #label(number: number): string {
    const label = this.#texts.markLabels.get(number);
    if (label === undefined) {
      this.losses.add("mark label");
    }
    return quoted(label ?? `#${number}`);
  }
}

function whole(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : String(BigInt(value));
}

/** A spreadsheet would compute what begins with one of these signs. */
const FORMULA = /^[=+\-@\t\r]/;

function quoted(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
