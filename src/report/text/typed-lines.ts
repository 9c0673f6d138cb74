import { TARGETS, type TypedLine } from "../what-to-type/typed-line.ts";
import { printable } from "../wording/printable.ts";
import type { TextStyle } from "./style.ts";

/** What one types, a line for each target, below the advice that it belongs to. */
export function typedLines(lines: readonly TypedLine[], style: TextStyle): string[] {
  const labelWidth = Math.max(0, ...lines.map(({ target }) => TARGETS[target].length));
  const indent = " ".repeat(labelWidth + 4);
  const width = Math.max(20, style.width - indent.length);
  return lines.flatMap(({ target, text, note }, i) => {
    const label = lines[i - 1]?.target === target ? "" : TARGETS[target];
    const rows = broken(printable(text), width, target === "jvm" ? "" : " \\");
    const [last = ""] = rows.slice(-1);
    const behind = note === null ? "" : `(${note})`;
    const isBeside = behind === "" || last.length + 2 + behind.length <= width;
    const dim = style.chalk.dim(behind);
    const shown = isBeside
      ? [...rows.slice(0, -1), behind === "" ? last : `${last}  ${dim}`]
      : [...rows, dim];
    return shown.map((row, j) => {
      return j === 0 ? `  ${style.chalk.dim(label.padEnd(labelWidth))}  ${row}` : `${indent}${row}`;
    });
  });
}

/** Breaks a command at spaces that are not quoted, so that it can be typed as it stands; `mark` ends a line that goes on. */
function broken(command: string, width: number, mark: string): string[] {
  const words = command.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? [];
  const rows: string[] = [];
  let row = "";
  for (const [i, word] of words.entries()) {
    const room = i === words.length - 1 ? width : width - mark.length;
    if (row !== "" && row.length + 1 + word.length > room) {
      rows.push(`${row}${mark}`);
      row = `  ${word}`;
    } else {
      row = row === "" ? word : `${row} ${word}`;
    }
  }
  return [...rows, row];
}
