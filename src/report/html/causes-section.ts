import type { Causes } from "../contract/report.ts";
import { CAUSE_WORDS } from "../tables/cause-columns.ts";
import { byteUnit, inUnit } from "../wording/format.ts";
import type { Presented } from "../wording/presented.ts";
import { LAYER_OF } from "./cause-layers.ts";
import { html, type Markup } from "./markup.ts";

/**
 * Why the memory of the recorded run was resident: a table, above which the script draws the causes over the run and at the
 * moment that is chosen. Null if the log does not show it.
 */
export function causesSection({ causes, report }: Presented): Markup | null {
  if (causes === null) {
    return null;
  }
  const { end, peak } = causes;
  const over = report.timeline.causes;
  const unit = byteUnit(
    [end, ...(peak === null ? [] : [peak])].flatMap((one) => [...Object.values(one), sumOf(one)]),
  );
  const head = (text: string): Markup =>
    html`<th scope="col" class="num">${text}<span class="unit">${unit.name}</span></th>`;
  const cell = (bytes: number): Markup => html`<td class="num">${inUnit(unit, bytes)}</td>`;
  const picked = (cause: string): Markup =>
    html`<td class="num picked" data-cause="${cause}" hidden></td>`;
  const isKnown = ([cause]: (typeof CAUSE_WORDS)[number]): boolean =>
    end[cause] !== 0 ||
    (peak?.[cause] ?? 0) !== 0 ||
    over?.[cause].some((bytes) => bytes !== 0) === true;
  const lines = CAUSE_WORDS.filter(isKnown).map(
    ([cause, words]) =>
      html`<tr><th scope="row"><span class="swatch ${LAYER_OF[cause]}"></span>${words}</th>${cell(end[cause])}${peak && cell(peak[cause])}${picked(cause)}</tr>`,
  );
  return html`<section id="causes" aria-labelledby="causes-title">
<div class="head"><h2 id="causes-title">Why it is resident</h2>
<div class="tools" id="cause-moments" role="group" aria-label="Moment"></div></div>
<div id="cause-chart" tabindex="0" role="application" aria-roledescription="chart" aria-label="Causes of resident memory over the run. Left and right choose a moment." hidden></div>
<p class="note" id="cause-note"></p>
<div id="cause-bar" role="img" hidden></div>
<p class="hidden" id="cause-status" role="status"></p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="causes-title"><table class="causes"><thead><tr><th scope="col">cause</th>${head("at the end")}${peak && head("at the peak")}<th scope="col" class="num picked" hidden></th></tr></thead><tbody>
${lines}
<tr class="sum"><th scope="row">RSS</th>${cell(sumOf(end))}${peak && cell(sumOf(peak))}${picked("sum")}</tr>
</tbody></table></div>
</section>`;
}

function sumOf(causes: Causes): number {
  return CAUSE_WORDS.reduce((sum, [cause]) => sum + causes[cause], 0);
}
