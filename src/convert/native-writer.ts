import { MAX_LINE_BYTES } from "../input/blocks-of-lines.ts";
import { NATIVE_FORMAT } from "../input/formats/native/layout.ts";
import { type EventBatch, Op } from "../trace/event.ts";
import { nameOfCaller } from "../trace/stated/caller-names.ts";
import { callText, hexadecimal } from "./call-text.ts";
import { clockText } from "./clock-text.ts";
import type { LogTexts, LogWriter } from "./log-writer.ts";
import { Losses } from "./losses.ts";

/** mallog's own format (docs/log-format.md). It holds all that a log has, except the arguments of which only a product counts. */
export class NativeWriter implements LogWriter {
  readonly losses = new Losses();
  readonly #texts: LogTexts;
  #isBegun = false;

  constructor(texts: LogTexts) {
    this.#texts = texts;
  }

  write(batch: EventBatch): string {
    // The first lines decide how a log is read: names that come later change nothing.
    const isHeadNeeded = !this.#isBegun && this.#texts.callerNames.length > 0;
    const lines: string[] = isHeadNeeded ? [`# ${NATIVE_FORMAT}\n`] : [];
    this.#isBegun = true;
    let next = 0;
    for (let i = 0; i <= batch.length; i++) {
      for (; batch.notes[next]?.at === i; next++) {
        const { text } = batch.notes[next]!;
        if (text !== NATIVE_FORMAT) {
          lines.push(this.#comment(text));
        }
      }
      if (i < batch.length) {
        lines.push(this.#line(batch, i));
      }
    }
    return lines.join("");
  }

  #comment(text: string): string {
    const line = text === "" ? "#" : `# ${text}`;
    if (Buffer.byteLength(line) > MAX_LINE_BYTES) {
      this.losses.add("overlong comment");
      return "#\n";
    }
    return `${line}\n`;
  }

  #line(batch: EventBatch, i: number): string {
    const time = batch.time[i]!;
    const clock = Number.isNaN(time) ? "" : `${clockText(time)} `;
    const label = batch.op[i] === Op.mark ? this.#label(batch.align[i]!) : "";
    const call = callText(batch, i, " = ", label);
    return `${batch.tid[i]} ${clock}[${this.#caller(batch.caller[i]!)}] ${call}\n`;
  }

  #caller(caller: number): string {
    const name = nameOfCaller(caller, this.#texts.callerNames);
    // A bracket before a blank would end the name.
    return name === null ? hexadecimal(caller) : oneLine(name).replace(/\](?=[ \t])/g, ")");
  }

  #label(number: number): string {
    const label = this.#texts.markLabels.get(number);
    if (label === undefined) {
      this.losses.add("mark label");
    }
    return label === undefined ? `#${number}` : oneLine(label);
  }
}

function oneLine(text: string): string {
  return text.replaceAll("\n", " ");
}
