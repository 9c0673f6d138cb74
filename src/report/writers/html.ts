import { createHash } from "node:crypto";
import { allocationsSection } from "../html/allocations-section.ts";
import { arenasSection } from "../html/arenas-section.ts";
import { causesSection } from "../html/causes-section.ts";
import { curesSection } from "../html/cures-section.ts";
import { html, jsonForScript, Markup } from "../html/markup.ts";
import { observedSection } from "../html/observed-section.ts";
import { pageData } from "../html/page-data.ts";
import { processesSection } from "../html/processes-section.ts";
import {
  anomaliesSection,
  basisSection,
  budgetsSection,
  fidelitySection,
  figures,
  findingsSection,
  mapsSection,
  summaryLine,
  threadsSection,
  timelineSection,
  titleOf,
  verdictSection,
} from "../html/sections.ts";
import { whatIfSection } from "../html/what-if-bars.ts";
import { pageAsset } from "../page-asset.ts";
import type { Writer } from "./writer.ts";

/**
 * The report as one self-contained page: no server, no network. Its text is plain HTML; its script draws the interactive
 * parts. The content security policy allows only that script and that style.
 */
export const writeHtml: Writer = (presented, options) => {
  const { report, budgets } = presented;
  const script = pageAsset("page.js");
  const style = pageAsset("page.css");
  const policy = `default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; base-uri 'none'; form-action 'none'`;
  const title = titleOf(report);
  const sections = [
    verdictSection(presented),
    budgetsSection(budgets),
    figures(report),
    fidelitySection(presented),
    timelineSection(report),
    whatIfSection(presented),
    curesSection(presented),
    causesSection(presented),
    observedSection(presented),
    processesSection(presented),
    findingsSection(report.findings),
    mapsSection(report),
    options.by === "arena" ? arenasSection(report, options) : null,
    allocationsSection(report, options.by ?? "thread"),
    threadsSection(report),
    anomaliesSection(presented),
    basisSection(presented),
  ].filter((section) => section !== null);
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="mallog ${report.tool.version}">
<title>${title} · mallog</title>
<style>${new Markup(style)}</style>
</head>
<body>
<header>
<div><p class="brand">mallog</p><h1>${title}</h1><p class="summary">${summaryLine(report)}</p></div>
<button type="button" id="theme" hidden></button>
</header>
<main>
${sections}
</main>
<noscript><p class="note">The timeline, the heap maps and the tables of threads and of call sites need JavaScript, which is disabled here.</p></noscript>
<footer><p>mallog ${report.tool.version} · sizes are IEC units: 1 MiB is 1,048,576 bytes</p></footer>
<script type="application/json" id="data">${new Markup(jsonForScript(pageData(report, options.sort)))}</script>
<script>${new Markup(script)}</script>
</body>
</html>
`;
  return text;
};

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
