import type { Fidelity, Finding, Report } from "../contract/report.ts";
import { gravestFirst } from "../order/gravest-first.ts";
import { budgetsKept, exceededFirst } from "../wording/budget-results.ts";
import { findingAmount } from "../wording/finding-amount.ts";
import { count, duration, exact, plural, share, size } from "../wording/format.ts";
import type { Presented, PresentedBudget, Sentence } from "../wording/presented.ts";
import { sourceName } from "../wording/printable.ts";
import { html, type Markup, unbroken } from "./markup.ts";

/** The first input, and how many more there are. */
export function titleOf({ trace }: Report): string {
  const [first, ...more] = trace.sources.map(sourceName);
  return `${first ?? "no input"}${more.length === 0 ? "" : ` and ${more.length} more`}`;
}

/** Events, threads, duration and glibc in one line. */
export function summaryLine({ trace, model }: Report): string {
  const seconds = (trace.lastTime ?? Number.NaN) - (trace.firstTime ?? Number.NaN);
  const parts = [plural(trace.events, "event"), plural(trace.threads, "thread")];
  // NaN: the log has no times.
  if (seconds >= 0) {
    parts.push(duration(seconds));
  }
  if (model !== null) {
    parts.push(`glibc ${model.glibc}`);
  }
  return parts.join(" · ");
}

export function verdictSection({ verdict }: Presented): Markup {
  const [first, ...rest] = verdict;
  const sentence = ({ tone, text }: Sentence, name: string): Markup =>
    html`<p class="${name} ${tone}">${unbroken(text)}</p>`;
  return html`<section id="verdict" aria-label="Verdict">
${first === undefined ? null : sentence(first, "answer")}
${rest.map((one) => sentence(one, "also"))}
</section>`;
}

/** Results of `mallog check`. */
export function budgetsSection(budgets: readonly PresentedBudget[]): Markup | null {
  if (budgets.length === 0) {
    return null;
  }
  const items = exceededFirst(budgets).map(({ result, sentence, details }) => {
    const notes = details.map((text) => html`<p class="note">${unbroken(text)}</p>`);
    const mark = result.ok
      ? html`<strong class="good">kept</strong>`
      : html`<strong class="bad">not kept</strong>`;
    return html`<li>${mark} ${unbroken(sentence)}${notes}</li>`;
  });
  return html`<section id="budgets" aria-labelledby="budgets-title">
<h2 id="budgets-title">${budgetsKept(budgets)}</h2>
<ul>
${items}
</ul>
</section>`;
}

/** The most important figures. */
export function figures({ live, scenarios, threads }: Report): Markup {
  const [recorded] = scenarios;
  const figure = (name: string, value: string, detail: string): Markup =>
    html`<div><dt>${name}</dt><dd><strong>${value}</strong><span>${detail}</span></dd></div>`;
  const pinned = threads.reduce((sum, thread) => sum + thread.pinnedBytes, 0);
  const peak = figure("Peak live", size(live.peakBytes), when(live.peakTime));
  const atEnd = figure("Live at the end", size(live.bytes), plural(live.blocks, "block"));
  if (recorded === undefined) {
    return html`<dl class="figures">${[atEnd, peak]}</dl>`;
  }
  const { rss, inUseBytes } = recorded;
  return html`<dl class="figures">${[
    atEnd,
    figure("RSS at the end", size(rss.endBytes), `${size(inUseBytes)} in use`),
    figure("Peak RSS", size(rss.peakBytes), when(rss.peakTime)),
    figure("Pinned", size(pinned), "free, but below a live block"),
  ]}</dl>`;
}

function when(time: number | null): string {
  return time === null || time < 0 ? "" : `after ${duration(time)}`;
}

/** The share of the log's pointers that the model reproduces, and the first mismatch. */
export function fidelitySection({ report: { model }, fidelityTone }: Presented): Markup | null {
  if (model === null) {
    return null;
  }
  return html`<section id="fidelity" aria-labelledby="fidelity-title">
<h2 id="fidelity-title">Fidelity</h2>
${meter(model.fidelity, fidelityTone)}
</section>`;
}

function meter(
  { compared, equal, ratio, firstDivergence }: Fidelity,
  tone: Sentence["tone"],
): Markup {
  if (compared === 0) {
    return html`<p>The log holds no pointers to compare with the model's: the fidelity of the figures is unknown.</p>`;
  }
  const text = `${exact(equal)} of ${exact(compared)} pointer${compared === 1 ? "" : "s"}`;
  const bar = html`<div class="fidelity ${tone}"><strong>${share(equal, compared)}</strong><div><p>${exact(equal)} of the log's ${plural(compared, "pointer")} match the model's: same heap, same offset.</p>
<svg class="meter" viewBox="0 0 1000 8" preserveAspectRatio="none" role="img" aria-label="${text}"><rect class="rail" width="1000" height="8"/><rect class="part" width="${Math.floor(ratio * 1000)}" height="8"/></svg></div></div>`;
  if (firstDivergence === null) {
    return bar;
  }
  const { line, event, expected, modelled } = firstDivergence;
  return html`${bar}
<p class="note">The first mismatch is in line ${exact(line)} (event ${exact(event)}): the block is at <code>${expected}</code> in the log, at <code>${modelled}</code> in the model.</p>`;
}

export function findingsSection(findings: readonly Finding[]): Markup | null {
  if (findings.length === 0) {
    return null;
  }
  const items = gravestFirst(findings).map((finding) => {
    const { severity, message } = finding;
    const amount = findingAmount(finding);
    const behind = amount === null ? null : html` <span class="amount">${amount}</span>`;
    return html`<li><span class="severity ${severity}">${severity}</span> <span>${message}${behind}</span></li>`;
  });
  return html`<section id="findings" aria-labelledby="findings-title">
<h2 id="findings-title">Findings</h2>
<ul class="findings">
${items}
</ul>
</section>`;
}

export function anomaliesSection({
  report: { trace },
  anomalies,
  malformed,
}: Presented): Markup | null {
  if (anomalies.length === 0 && malformed === null) {
    return null;
  }
  const samples = trace.malformedSamples.map(
    ({ line, text }) =>
      html`<tr><th scope="row">line ${exact(line)}</th><td><code>${text}</code></td></tr>`,
  );
  const lines =
    malformed === null
      ? null
      : html`<p>${malformed}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Malformed lines"><table class="malformed"><tbody>
${samples}
</tbody></table></div>`;
  const list = anomalies.map((text) => html`<li>${text}</li>`);
  return html`<section id="anomalies" aria-labelledby="anomalies-title">
<h2 id="anomalies-title">Anomalies in the log</h2>
${anomalies.length === 0 ? null : html`<ul>${list}</ul>`}
${lines}
</section>`;
}

export function basisSection({ report, basis }: Presented): Markup {
  const title = report.model === null ? "What was read" : "How it was modelled";
  return html`<section id="basis" aria-labelledby="basis-title">
<h2 id="basis-title">${title}</h2>
<ul>
${basis.map((text) => html`<li>${text}</li>`)}
</ul>
</section>`;
}

/** The frame of the thread table, which the script fills. */
export function threadsSection({ threads }: Report): Markup | null {
  if (threads.length === 0) {
    return null;
  }
  return html`<section id="threads" aria-labelledby="threads-title">
<div class="head"><h2 id="threads-title">Threads</h2>
<label class="filter">Filter <input type="search" id="thread-filter" placeholder="tid or name" autocomplete="off" spellcheck="false"></label>
<output id="thread-count" for="thread-filter" aria-live="polite">${count(threads.length)} threads</output></div>
<div class="scroll" tabindex="0" role="region" aria-labelledby="threads-title"><table id="thread-table" class="sortable"><caption class="hidden">Threads; the buttons in the column heads sort</caption><thead></thead><tbody></tbody></table></div>
<p><button type="button" id="thread-more" hidden></button></p>
</section>`;
}

export function timelineSection({ timeline }: Report): Markup | null {
  if (timeline.liveBytes.length === 0) {
    return null;
  }
  return html`<section id="timeline" aria-labelledby="timeline-title">
<div class="head"><h2 id="timeline-title">Timeline</h2>
<div class="tools" role="group" aria-label="Timeline view"><button type="button" id="axis" hidden></button><button type="button" id="zoom-in" aria-label="Zoom in">+</button><button type="button" id="zoom-out" aria-label="Zoom out">−</button><button type="button" id="zoom-reset">Reset</button></div></div>
<div id="series" class="series" role="group" aria-label="Series"></div>
<div id="chart" tabindex="0" role="application" aria-roledescription="chart" aria-label="Live bytes, bytes in use and RSS over the run. Left and right move the cursor, plus and minus zoom, 0 resets the zoom."></div>
<p class="note" id="timeline-note"></p>
<p class="hidden" id="chart-status" role="status"></p>
</section>`;
}

export function mapsSection({ scenarios }: Report): Markup | null {
  if (!scenarios.some(({ arenas }) => arenas.some(({ heapMaps }) => heapMaps.length > 0))) {
    return null;
  }
  const options = scenarios.map(({ name }, i) => html`<option value="${i}">${name}</option>`);
  return html`<section id="heaps" aria-labelledby="heaps-title">
<div class="head"><h2 id="heaps-title">Heap maps at the end</h2>
<label class="pick">Scenario <select id="map-scenario">${options}</select></label></div>
<p class="legend"><span class="key full">full</span><span class="key part">partly free</span><span class="key free">all free</span><span class="key absent">not resident: never written, or returned to the kernel</span><span class="key topmost">topmost live block</span><span class="key pin">pin: one that keeps much free memory</span></p>
<p class="note" id="map-scale"></p>
<div id="maps"></div>
<p><button type="button" id="maps-more" hidden></button></p>
<p class="hidden" id="map-status" role="status"></p>
<div id="tip" hidden></div>
</section>`;
}
