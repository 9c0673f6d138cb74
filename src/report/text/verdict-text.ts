import type { Presented, Sentence } from "../presented.ts";
import { printable } from "../printable.ts";
import { type TextStyle, wrap } from "./style.ts";

/** The verdict, a paragraph for each sentence. */
export function verdictText({ verdict }: Presented, style: TextStyle): string {
  return verdict.map((sentence) => paragraph(sentence, style)).join("\n");
}

function paragraph({ tone, text }: Sentence, { chalk, width }: TextStyle): string {
  const paint = { plain: chalk.bold, good: chalk.bold.green, bad: chalk.bold.red }[tone];
  return wrap(printable(text), width)
    .map((line) => paint(line))
    .join("\n");
}
