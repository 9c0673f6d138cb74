import { TARGETS, type TypedLine } from "../what-to-type/typed-line.ts";
import type { Presented, PresentedCure } from "../wording/presented.ts";
import { printable } from "../wording/printable.ts";
import { cut } from "../wording/shorten.ts";
import { capped } from "./capped.ts";
import { code, prose } from "./escape.ts";

/** A command of the log that is longer is replaced before (cure-sentences.ts). */
const LONGEST_LINE = 600;

/** The cures, best first, each with what one types for it, folded; null if none helps. */
export function cureList({ cures }: Presented): string | null {
  if (cures.length === 0) {
    return null;
  }
  const items = capped(cures.map(item));
  const left = cures.length - items.length;
  const rest = left === 0 ? [] : [`… ${left} more`];
  return ["### Cures", ...items, ...rest].join("\n\n");
}

function item({ cure: { name }, sentence, lines }: PresentedCure): string {
  const head = `${code(name)}: ${prose(sentence)}`;
  if (lines.length === 0) {
    return head;
  }
  const summary = "<details><summary>What to type</summary>";
  return [head, summary, fenced(lines), "</details>"].join("\n\n");
}

/** A block of code ends at a fence as long as its own: no text may have one. */
function fenced(lines: readonly TypedLine[]): string {
  const texts = lines.flatMap(({ target, text, note }, i) => {
    const isFirst = lines[i - 1]?.target !== target;
    const head = [isFirst ? TARGETS[target] : "", note ?? ""].filter((part) => part !== "");
    return [
      ...(head.length === 0 ? [] : [`# ${head.join(": ")}`]),
      cut(printable(text), LONGEST_LINE),
    ];
  });
  const longest = Math.max(
    2,
    ...texts.flatMap((text) => (text.match(/`+/g) ?? []).map(({ length }) => length)),
  );
  const fence = "`".repeat(longest + 1);
  return [`${fence}sh`, ...texts, fence].join("\n");
}
