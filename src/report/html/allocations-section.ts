import type { Report } from "../contract/report.ts";
import { flameViews } from "./flame-data.ts";
import { html, type Markup } from "./markup.ts";

/** Who allocates: tables by call site and by size, which the script fills; null if nothing was allocated. */
export function allocationsSection(report: Report, by: string): Markup | null {
  const { callers, sizes } = report;
  if (callers.length === 0 && sizes.length === 0) {
    return null;
  }
  const first = by === "size" ? "size" : "caller";
  const view = (id: string, name: string): Markup =>
    html`<button type="button" class="view" data-view="${id}" aria-pressed="${String(id === first)}">${name}</button>`;
  const flames = flameViews(report);
  const views = [view("caller", "Call sites"), view("size", "Sizes")];
  if (flames.length > 0) {
    views.push(view("flame", "Flame graph"));
  }
  return html`<section id="allocations" aria-labelledby="allocations-title">
<div class="head"><h2 id="allocations-title">Who allocates</h2>
<div class="tools" role="group" aria-label="View">${views}</div></div>
${panel("caller", "call site", "name, module or address")}
${panel("size", "size", "bytes")}
${flames.length === 0 ? null : flamePanel(flames)}
</section>`;
}

function flamePanel(flames: ReturnType<typeof flameViews>): Markup {
  const buttons = flames.map(
    ({ key, name }, i) =>
      html`<button type="button" class="view" data-flame="${key}" aria-pressed="${String(i === 0)}">${name}</button>`,
  );
  return html`<div id="flame-panel" class="panel" hidden>
<p class="filters" role="group" aria-label="Bytes shown">${buttons}</p>
<div id="flame" tabindex="0" role="application" aria-roledescription="flame graph" aria-label="Threads, their call sites and the sizes, by bytes. Arrow keys move, Enter gives a frame the whole width, Escape shows all."></div>
<p class="note" id="flame-status" role="status"></p>
<p class="note">Each thread, below it its call sites and the requested sizes, as wide as their bytes. Choose a frame to give it the whole width.</p>
</div>`;
}

/** A table with its filter, like that of the threads. */
function panel(id: string, noun: string, searched: string): Markup {
  return html`<div id="${id}-panel" class="panel" hidden>
<p class="filters"><label class="filter">Filter <input type="search" id="${id}-filter" placeholder="${searched}" autocomplete="off" spellcheck="false"></label>
<output id="${id}-count" for="${id}-filter" aria-live="polite"></output></p>
<div class="scroll" tabindex="0" role="region" aria-label="By ${noun}"><table id="${id}-table" class="sortable"><caption class="hidden">Allocations by ${noun}; the buttons in the column heads sort</caption><thead></thead><tbody></tbody></table></div>
<p><button type="button" id="${id}-more" hidden></button></p>
<p class="note">Choose a row to see in the timeline what of it was live. Temporary: freed or resized before its thread had allocated more than 16 others.</p>
</div>`;
}
