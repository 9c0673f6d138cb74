import type { Presented } from "../wording/presented.ts";
import { heading, item, type TextStyle } from "./style.ts";

/** What was read, and what the figures rest on. */
export function basisList({ report, basis }: Presented, style: TextStyle): string {
  const items = basis.map((line) => item(line, style));
  const title = report.model === null ? "What was read" : "How it was modelled";
  return [heading(title, "", style), ...items].join("\n");
}
