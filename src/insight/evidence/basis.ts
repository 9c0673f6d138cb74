import type { ModelSummary, Provenance, Report } from "../../report/contract/report.ts";
import { exact, plural, size } from "../../report/wording/format.ts";
import { printable, sourceName } from "../../report/wording/printable.ts";
import { dumpsItem } from "../who/dump-sentences.ts";
import { writes } from "./fit-sentences.ts";
import { foreignItems } from "./foreign-log.ts";
import { glibcVersion } from "./glibc-version.ts";
import { columnItems } from "./log-columns.ts";

/** What was read and which assumptions and inferences the figures rest on, one item each. */
export function basis({ model, trace, threadDumps }: Report): string[] {
  const items = [`log: ${trace.sources.map(sourceName).join(", ")} (${trace.format})`];
  if (trace.sortedByTime) {
    items.push("pieces read in the order of their first times, not in the order given");
  }
  if (trace.withParents !== undefined) {
    items.push(forkedItem(trace.withParents));
  }
  items.push(...foreignItems(trace));
  items.push(...(trace.layout === undefined ? [] : columnItems(trace.layout)));
  if (trace.pointerBits === 32 && trace.events > 0 && trace.foreign?.addresses !== "none") {
    items.push("pointers: none above 4 GiB; cut to 32 bits, or from a small process");
  }
  if (threadDumps !== undefined) {
    items.push(dumpsItem(threadDumps, trace.threads));
  }
  if (model !== null) {
    items.push(...configuration(model), ...inferences(model), ...firstMismatch(model));
  }
  return items;
}

/** Line numbers are not those of the log's own file. */
function forkedItem(names: readonly string[]): string {
  const [name, ...others] = names;
  const begin =
    name !== undefined && others.length === 0
      ? `${sourceName(name)} begins with its parent's calls up to the fork, read from the parent's log`
      : `${exact(names.length)} of these logs begin with their parents' calls up to the fork, read from the parents' logs`;
  return `${begin}; lines are counted from there`;
}

const CPUS_SOURCE: Readonly<Record<Provenance, string>> = {
  given: "given",
  log: "from the log",
  detected: "from the log's arenas",
  default: "this machine's, not in the log; see --cpus",
};

function configuration(model: ModelSummary): string[] {
  const settings = Object.keys(model.settings).map((name) => setting(model, name));
  const { cpus, cpusSource, thp, pageBytes, thpUnitBytes } = model;
  const isUpperBound = thp === "always" || (thp === "madvise" && thpUnitBytes > 0);
  return [
    glibcVersion(model),
    `${plural(cpus, "CPU")} (${CPUS_SOURCE[cpusSource]})`,
    settings.length === 0
      ? "recorded with glibc's default settings"
      : `recorded with ${settings.join(", ")}`,
    `writes to blocks: ${writes(model)}`,
    `transparent huge pages: ${thp}${isUpperBound ? " (RSS is an upper bound for heaps at these addresses)" : ""}`,
    ...(pageBytes === 4096 ? [] : [`pages of ${size(pageBytes)}`]),
    ...(thpUnitBytes === 0 ? [] : [`malloc aligns the program break to ${size(thpUnitBytes)}`]),
  ];
}

/** A setting; if detected, with what the pointers leave open. */
function setting(model: ModelSummary, name: string): string {
  const text = printable(`${name}=${model.settings[name]}`);
  if (model.settingsSource[name] !== "detected") {
    return text;
  }
  const range = model.settingsRange[name];
  const others = model.settingsOrElse[name] ?? [];
  const orElse = others.length === 0 ? "" : `; ${others.join(" or ")} would fit as well`;
  if (range === undefined) {
    return `${text} (from the log's pointers${orElse})`;
  }
  const { from, to } = range;
  const open = to === null ? `${exact(from)} or more` : `${exact(from)} to ${exact(to)}`;
  return `${text} (the log's pointers show ${open}${orElse})`;
}

function inferences({ inferred }: ModelSummary): string[] {
  const { threadExits, lastExits, swaps, arenaChoices, unloggedBytes, cutSizes } = inferred;
  const { foreignSbrks, foreignSbrkBytes } = inferred;
  const items: string[] = [];
  if (threadExits > 0) {
    const exits = plural(threadExits, "unlogged thread exit");
    items.push(`${exits} inferred from ${exitEvidence(threadExits, lastExits)}`);
  }
  if (swaps > 0) {
    const calls = plural(swaps, "call");
    items.push(`${calls} moved before others logged earlier, because pointers show that order`);
  }
  if (arenaChoices > 0) {
    const threads = plural(arenaChoices, "thread");
    items.push(
      `${threads} given the arena that their first pointer shows, because thread exits raced`,
    );
  }
  if (cutSizes > 0) {
    items.push(`${plural(cutSizes, "size")} cut to 32 bits by the hook, corrected from pointers`);
  }
  if (foreignSbrks > 0) {
    const moves = `program break moved ${plural(foreignSbrks, "time")} by code other than malloc`;
    items.push(`${moves}, as pointers show: ${size(foreignSbrkBytes)}, not counted in RSS`);
  }
  if (unloggedBytes > 0) {
    items.push(
      `${size(unloggedBytes)} allocated outside the log (before it starts, or unseen by its hook), assumed resident under every setting`,
    );
  }
  return items;
}

function exitEvidence(threadExits: number, lastExits: number): string {
  if (lastExits === 0) {
    return "pointers";
  }
  if (lastExits === threadExits) {
    return "the threads' last calls";
  }
  return `pointers (${exact(threadExits - lastExits)}) and the threads' last calls (${exact(lastExits)})`;
}

function firstMismatch({ fidelity: { firstDivergence } }: ModelSummary): string[] {
  if (firstDivergence === null) {
    return [];
  }
  const { line, modelled, expected } = firstDivergence;
  return [
    `first mismatch: line ${exact(line)}, ${printable(modelled)} in the model, ${printable(expected)} in the log`,
  ];
}
