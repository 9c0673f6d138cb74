import type { Scenario } from "../contract/report.ts";
import type { SystemCalls } from "../contract/scenario.ts";
import { count } from "../wording/format.ts";
import { html, type Markup } from "./markup.ts";

const KINDS: readonly (keyof SystemCalls)[] = [
  "brk",
  "mmap",
  "mremap",
  "munmap",
  "madvise",
  "mprotect",
];

/** What each scenario costs in calls to the kernel and page faults, folded. */
export function priceTable(scenarios: readonly Scenario[]): Markup {
  const head = (text: string): Markup => html`<th scope="col" class="num">${text}</th>`;
  const cell = (number: number): Markup => html`<td class="num">${count(number)}</td>`;
  const rows = scenarios.map(
    ({ name, systemCalls, pageFaults }) =>
      html`<tr><th scope="row">${name}</th>${KINDS.map((kind) => cell(systemCalls[kind]))}${cell(pageFaults)}</tr>`,
  );
  return html`<details class="price">
<summary>Price: system calls for memory, and page faults</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Price"><table>
<thead><tr><th scope="col">settings</th>${KINDS.map(head)}${head("page faults")}</tr></thead>
<tbody>
${rows}
</tbody></table></div>
</details>`;
}
