import { TARGETS, type TypedLine } from "../what-to-type/typed-line.ts";
import type { Presented, PresentedCure } from "../wording/presented.ts";
import { html, type Markup, unbroken } from "./markup.ts";
import { settingsOf } from "./scenario-name.ts";

/** The cures, best first, with what they cost and what one types; null if none helps. */
export function curesSection({ cures }: Presented): Markup | null {
  if (cures.length === 0) {
    return null;
  }
  return html`<section id="cures" aria-labelledby="cures-title">
<h2 id="cures-title">Cures</h2>
<p class="lead">Settings that lower RSS, those that lower the peak first; with their price against the recorded run, and what to type.</p>
${cures.map(cureOf)}
<p class="note">Programs that run with more rights than their user (setuid, or file capabilities) ignore these variables.</p>
</section>`;
}

function cureOf({ cure: { name, bestFor, type }, sentence, lines }: PresentedCure): Markup {
  const settings = settingsOf(name).map((setting) => html`<span class="setting">${setting}</span>`);
  const moments = bestFor.map((moment) => (moment === "peak" ? "at the peak" : "at the end"));
  const best =
    moments.length === 0 ? null : html` <span class="amount">best ${moments.join(" and ")}</span>`;
  const rows = lines.map((line, i) => row(line, lines[i - 1]?.target ?? null));
  const needs = type.jdks === null ? null : html`<p class="note">${type.jdks}</p>`;
  const table =
    rows.length === 0
      ? null
      : html`<table class="typed"><tbody>
${rows}
</tbody></table>`;
  return html`<details class="cure"${bestFor.length === 0 ? null : OPEN}>
<summary>${settings}${best}</summary>
<p>${unbroken(sentence)}</p>
${table}${needs}
</details>`;
}

const OPEN = html` open`;

function row({ target, text, note }: TypedLine, before: TypedLine["target"] | null): Markup {
  const label = target === before ? "" : TARGETS[target];
  return html`<tr><th scope="row">${label}</th><td><code>${text}</code><button type="button" class="copy" data-copy="${text}" aria-label="Copy for ${TARGETS[target]}: ${text}" hidden>Copy</button></td><td class="note">${note ?? ""}</td></tr>`;
}
