import type { Pin, Report } from "../contract/report.ts";
import { callerLabel } from "../wording/caller-label.ts";
import { exact, plural, size } from "../wording/format.ts";
import { printable } from "../wording/printable.ts";

/** Words for the pins of a report: which block it is, where it was allocated, and what it holds. */
export class PinWords {
  readonly #names: ReadonlyMap<number, string | null>;
  readonly #labels: ReadonlyMap<string | null, string>;

  constructor({ threads, callers }: Report) {
    this.#names = new Map(threads.map(({ tid, name }) => [tid, name]));
    this.#labels = new Map(callers.map((row) => [row.caller, callerLabel(row)]));
  }

  /** "48 B, allocated in line 12 by thread 7 (main) at f+0x1; it keeps …", printable */
  of(pin: Pin): string {
    const held = `${size(pin.heldBytes)} of freed memory resident`;
    const chunks = [
      ...counted(pin.cachedChunks, "chunk", "in caches"),
      ...counted(pin.fastbinChunks, "freed chunk", "in fastbins"),
      ...counted(pin.outsideChunks, "chunk", "from outside the log"),
    ];
    if (pin.block === null) {
      const isOne = pin.cachedChunks + pin.fastbinChunks + pin.outsideChunks === 1;
      return `no live block: ${chunks.join(" and ")} ${isOne ? "keeps" : "keep"} ${held}`;
    }
    const others = [...counted(pin.blocks - 1, "other live block", ""), ...chunks].join(" and ");
    const subject = others === "" ? "it keeps" : `with ${others} it keeps`;
    return printable(`${this.#blockOf(pin.block)}; ${subject} ${held}`);
  }

  #blockOf({ line, size: bytes, tid, caller }: NonNullable<Pin["block"]>): string {
    const name = this.#names.get(tid) ?? null;
    const thread = name === null ? `thread ${tid}` : `thread ${tid} (${name})`;
    const label = caller === null ? null : (this.#labels.get(caller) ?? caller);
    const place = label === null ? "" : ` at ${label}`;
    return `${size(bytes)}, allocated in line ${exact(line)} by ${thread}${place}`;
  }
}

/** Empty if there are none. */
function counted(n: number, noun: string, where: string): string[] {
  return n === 0 ? [] : [`${plural(n, noun)} ${where}`.trim()];
}
