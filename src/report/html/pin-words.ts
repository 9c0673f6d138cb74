import { callerLabel } from "../caller-label.ts";
import { exact, plural, size } from "../format.ts";
import { printable } from "../printable.ts";
import type { Pin, Report } from "../report.ts";

/** Words for the pins of a report: which block it is, where it was allocated, and what it holds. */
export class PinWords {
  readonly #names: ReadonlyMap<number, string | null>;
  readonly #labels: ReadonlyMap<string | null, string>;

  constructor({ threads, callers }: Report) {
    this.#names = new Map(threads.map(({ tid, name }) => [tid, name]));
    this.#labels = new Map(callers.map((row) => [row.caller, callerLabel(row)]));
  }

  /** "48 B of line 12 by thread 7 (main) at f+0x1 …", printable */
  of(pin: Pin): string {
    const held = `${size(pin.heldBytes)} of freed memory`;
    if (pin.block === null) {
      const chunks = pin.cachedChunks + pin.outsideChunks;
      const verb = chunks === 1 ? "keeps" : "keep";
      return `no live block: ${plural(chunks, "chunk")} in caches, or from outside the log, ${verb} ${held} resident`;
    }
    const others = pin.blocks - 1;
    const subject = others > 0 ? `with ${plural(others, "other live block")} it keeps` : "it keeps";
    return printable(`${this.#blockOf(pin.block)}; ${subject} ${held} resident`);
  }

  #blockOf({ line, size: bytes, tid, caller }: NonNullable<Pin["block"]>): string {
    const name = this.#names.get(tid) ?? null;
    const thread = name === null ? `thread ${tid}` : `thread ${tid} (${name})`;
    const label = caller === null ? null : (this.#labels.get(caller) ?? caller);
    const place = label === null ? "" : ` at ${label}`;
    return `${size(bytes)}, allocated in line ${exact(line)} by ${thread}${place}`;
  }
}
