import type { Presented } from "../presented.ts";
import type { ProcessSummary } from "../report.ts";
import type { Column } from "../tables/column.ts";
import { processColumns } from "../tables/process-columns.ts";
import { html, type Markup } from "./markup.ts";

/** The processes of a log that has several; null otherwise. */
export function processesSection({
  report: { processes },
  processTotals,
}: Presented): Markup | null {
  if (processes === undefined) {
    return null;
  }
  const columns = processColumns(processes).filter(
    ({ cell, rank }) => rank === 0 || processes.some((one) => cell(one) !== ""),
  );
  const head = columns.map(
    (column) =>
      html`<th scope="col" class="${column.align === "right" ? "num" : "text"}">${column.head.join(" ")}</th>`,
  );
  const rows = processes.map(
    (one) => html`<tr>${columns.map((column) => cellOf(column, one))}</tr>`,
  );
  return html`<section id="processes" aria-labelledby="processes-title">
<h2 id="processes-title">Processes</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="processes-title"><table class="processes"><thead><tr>${head}</tr></thead><tbody>
${rows}
</tbody></table></div>
${processTotals === null ? null : html`<p class="note">${processTotals}</p>`}
</section>`;
}

function cellOf({ cell, align }: Column<ProcessSummary>, one: ProcessSummary): Markup {
  return html`<td class="${align === "right" ? "num" : "text"}">${cell(one)}</td>`;
}
