import type { Report, Scenario, UnavailableScenario } from "../contract/report.ts";
import { isRangeShown, notIn, type ScenarioRow } from "../tables/scenario-columns.ts";
import { briefly } from "../what-to-type/what-to-type.ts";
import {
  type ByteUnit,
  byteUnit,
  capitalized,
  change,
  count,
  inUnit,
  percent,
  size,
} from "../wording/format.ts";
import type { Presented } from "../wording/presented.ts";
import { html, type Markup, unbroken } from "./markup.ts";
import { priceTable } from "./price-table.ts";
import { settingsOf } from "./scenario-name.ts";

/** A table of all scenarios, with RSS at the end and at the peak as bars with ranges. */
export function whatIfSection({ report, failing, whatIfNotes }: Presented): Markup | null {
  const { scenarios, container } = report;
  const [recorded, ...whatIfs] = scenarios;
  if (recorded === undefined) {
    return null;
  }
  const unit = byteUnit(scenarios.flatMap(({ rss }) => [rss.endBytes, rss.peakBytes]));
  const limitBytes = container?.limitBytes ?? null;
  const scale: Scale = {
    unit,
    recorded,
    failing,
    limitBytes: limitBytes === null ? null : limitBytes - (container?.baseRssBytes ?? 0),
    most: Math.max(...scenarios.flatMap(({ rss }) => [rss.peakHighBytes, rss.highBytes, 1])),
  };
  const isAlone = whatIfs.length === 0;
  const changeHead = isAlone ? null : head("change");
  return html`<section id="what-if" aria-labelledby="what-if-title">
<h2 id="what-if-title">${isAlone ? "Heap RSS" : "What if"}</h2>
<p class="lead">Heap RSS in ${unit.name} of the same calls${isAlone ? "" : " under other settings"}.${legend(report, scale)}</p>
<table role="table" class="what-if">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">settings</th>
<th role="columnheader" scope="colgroup" colspan="2">RSS at the end</th>${changeHead}
<th role="columnheader" scope="colgroup" colspan="2">RSS at the peak</th>${changeHead}
${head("ext. fragm.")}${head("arenas")}
</tr></thead>
<tbody role="rowgroup">
${[
  ...scenarios.map((scenario) => row(scenario, scale, isAlone, report)),
  ...(report.unavailable ?? []).map((one) => unavailableRow(one, isAlone)),
]}
</tbody>
</table>
${isAlone ? null : priceTable(scenarios)}
${whatIfNotes.map((note) => html`<p class="note">${unbroken(note)}</p>`)}
</section>`;
}

/** The scale and reference lines that all bars share. */
interface Scale {
  readonly unit: ByteUnit;
  readonly recorded: Scenario;
  readonly failing: Presented["failing"];
  /** the container's limit minus the memory outside malloc */
  readonly limitBytes: number | null;
  /** bytes at the right edge of a bar */
  readonly most: number;
}

/** Explains the lines on the bars. */
function legend({ scenarios, container }: Report, { limitBytes }: Scale): string {
  const hasWhiskers = scenarios.some(
    ({ rss }) =>
      isRangeShown(rss.endBytes, rss.lowBytes, rss.highBytes) ||
      isRangeShown(rss.peakBytes, rss.peakLowBytes, rss.peakHighBytes),
  );
  const lines: string[] = [];
  if (scenarios.length > 1) {
    lines.push("the thin line marks the recorded run");
  }
  if (limitBytes !== null) {
    const minus = container?.baseRssBytes === 0 ? "" : " minus the memory outside malloc";
    lines.push(`the red line marks the container's limit${minus} (${size(limitBytes)})`);
  }
  if (hasWhiskers) {
    lines.push("whiskers show the range of replays under other plausible assumptions");
  }
  const [first = "", ...rest] = lines;
  return first === "" ? "" : ` ${[capitalized(first), ...rest].join("; ")}.`;
}

function head(text: string): Markup {
  return html`<th role="columnheader" scope="col" class="num">${text}</th>`;
}

function row(scenario: Scenario, scale: Scale, isAlone: boolean, report: Report): Markup {
  const { rss } = scenario;
  const { recorded, failing, unit } = scale;
  const isRecorded = scenario === recorded;
  const changed = (from: number, to: number): Markup | null => {
    if (isAlone) {
      return null;
    }
    if (isRecorded) {
      return cell("");
    }
    if (failing.has(scenario)) {
      return cell("fails", "bad");
    }
    const text = change(from, to) ?? "";
    return cell(text, text.startsWith("-") ? "good" : text.startsWith("+") ? "bad" : "");
  };
  const end = { bytes: rss.endBytes, low: rss.lowBytes, high: rss.highBytes };
  const peak = { bytes: rss.peakBytes, low: rss.peakLowBytes, high: rss.peakHighBytes };
  const asRecorded = (bytes: number): number | null => (isAlone ? null : bytes);
  return html`<tr role="row" class="${isRecorded ? "recorded" : ""}">
<th role="rowheader" scope="row">${nameOf(scenario)}${copyButtons(scenario, report)}</th>
<td role="cell" class="bar" data-label="at the end">${barOf(end, asRecorded(recorded.rss.endBytes), scale)}</td>
${cell(inUnit(unit, rss.endBytes))}${changed(recorded.rss.endBytes, rss.endBytes)}
<td role="cell" class="bar" data-label="at the peak">${barOf(peak, asRecorded(recorded.rss.peakBytes), scale)}</td>
${cell(inUnit(unit, rss.peakBytes))}${changed(recorded.rss.peakBytes, rss.peakBytes)}
${cell(percent(scenario.fragmentation.external), "aside")}${cell(count(scenario.arenaCount), "aside")}
</tr>`;
}

function unavailableRow(one: UnavailableScenario, isAlone: boolean): Markup {
  return html`<tr role="row">
<th role="rowheader" scope="row">${nameOf(one)}</th>
<td role="cell" colspan="${isAlone ? 6 : 8}" title="${one.reason}">${notIn(one)}</td>
</tr>`;
}

/** Negative numbers get a minus sign as wide as a digit. */
function cell(text: string, name = ""): Markup {
  return html`<td role="cell" class="num ${name}">${text.replace(/^-/, "−")}</td>`;
}

/** A long setting breaks before its value, not within that. */
function nameOf({ name }: ScenarioRow): Markup[] {
  return settingsOf(name).map((setting) => {
    const value = setting.indexOf("=") + 1;
    return html`<span class="setting">${setting.slice(0, value)}<wbr>${setting.slice(value)}</span>`;
  });
}

/** Buttons that copy what one types for the scenario. The script shows them. */
function copyButtons(scenario: Scenario, report: Report): Markup[] {
  return briefly(scenario, report).map(
    (text) =>
      html`<button type="button" class="copy" data-copy="${text}" title="${text}" aria-label="Copy ${text}" hidden>${text.includes("=") ? "Copy" : "Copy call"}</button>`,
  );
}

interface Range {
  readonly bytes: number;
  readonly low: number;
  readonly high: number;
}

/** Drawn on 1000 × 20 units and stretched to the cell; lines keep their width. */
function barOf(
  { bytes, low, high }: Range,
  asRecorded: number | null,
  { limitBytes, most }: Scale,
): Markup {
  const x = (value: number): number => Math.round((value / most) * 990);
  const line = (name: string, at: number, from: number, to: number): Markup =>
    html`<line class="${name}" x1="${at}" x2="${at}" y1="${from}" y2="${to}"/>`;
  const hasRange = isRangeShown(bytes, low, high);
  const range = hasRange
    ? html`<line class="whisker" x1="${x(low)}" x2="${x(high)}" y1="10" y2="10"/>${line("whisker", x(low), 5, 15)}${line("whisker", x(high), 5, 15)}`
    : null;
  const isLimitInView = limitBytes !== null && limitBytes >= 0 && limitBytes <= most;
  const limit = isLimitInView ? line("limit", x(limitBytes), 0, 20) : null;
  const reference = asRecorded === null ? null : line("reference", x(asRecorded), 0, 20);
  const text = hasRange ? `${size(bytes)}, from ${size(low)} to ${size(high)}` : size(bytes);
  return html`<svg viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label="${text}"><title>${text}</title><rect x="0" y="3" width="${x(bytes)}" height="14"/>${reference}${limit}${range}</svg>`;
}
