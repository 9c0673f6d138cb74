import type { Column } from "../tables/column.ts";
import { splitAtTop } from "../tables/column.ts";
import { html, type Markup } from "./markup.ts";

/** A section with a table of all columns that are not empty, and the first `top` rows; `note` stands below it. */
export function tableSection<Row>(
  id: string,
  title: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { top = 0, note = null }: { readonly top?: number; readonly note?: string | null } = {},
): Markup {
  const { shown, rest } = splitAtTop(rows, top);
  const visible = columns.filter(
    ({ cell, rank }) => rank === 0 || rows.some((row) => cell(row) !== ""),
  );
  const head = visible.map(
    (column) =>
      html`<th scope="col" class="${sideOf(column)}">${column.head.join(" ").replace("- ", "")}</th>`,
  );
  const cells = (textOf: (column: Column<Row>) => string): Markup =>
    html`<tr>${visible.map((column) => html`<td class="${sideOf(column)}">${textOf(column)}</td>`)}</tr>`;
  const lines = shown.map((row) => cells(({ cell }) => cell(row)));
  if (rest.length > 0) {
    lines.push(cells((column) => column.rest?.(rest) ?? ""));
  }
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="${id}-title"><table class="${id}"><thead><tr>${head}</tr></thead><tbody>
${lines}
</tbody></table></div>
${note === null ? null : html`<p class="note">${note}</p>`}
</section>`;
}

function sideOf<Row>({ align }: Column<Row>): string {
  return align === "right" ? "num" : "text";
}
