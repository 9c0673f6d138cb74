import type { Presented, Sentence } from "../wording/presented.ts";
import { printable } from "../wording/printable.ts";
import { type TextStyle, wrap } from "./style.ts";
import { typedLines } from "./typed-lines.ts";

/** The verdict, a paragraph for each sentence, with what one types below it; the answer and bad news stand out. */
export function verdictText({ verdict }: Presented, style: TextStyle): string {
  const [answer, ...others] = verdict;
  const bold = { ...style, chalk: style.chalk.bold };
  const first = answer === undefined ? [] : [paragraph(answer, bold)];
  return [...first, ...others.map((one) => paragraph(one, one.tone === "bad" ? bold : style))].join(
    "\n",
  );
}

function paragraph({ tone, text, typed = [] }: Sentence, style: TextStyle): string {
  const { chalk, width } = style;
  const paint = { plain: chalk, good: chalk.green, bad: chalk.red }[tone];
  const lines = wrap(printable(text), width).map((line) => paint(line));
  return [...lines, ...typedLines(typed, style)].join("\n");
}
