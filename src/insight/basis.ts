import { exact, percent, plural, signed, size } from "../report/format.ts";
import { printable, sourceName } from "../report/printable.ts";
import type { ModelSummary, Provenance, Report, TouchFit } from "../report/report.ts";
import { glibcVersion } from "./glibc-version.ts";

const CPUS_SOURCE: Readonly<Record<Provenance, string>> = {
  given: "as given",
  log: "as the log says",
  detected: "as the log's arenas show",
  default: "this machine's, as the log does not say; see --cpus",
};

/** The same, an item each, without its title. */
export function basis({ model, trace }: Report): string[] {
  const lines = [`log: ${trace.sources.map(sourceName).join(", ")} (${trace.format})`];
  if (trace.pointerBits === 32 && trace.events > 0) {
    lines.push("pointers: none is above 4 GiB, cut to 32 bits or of a small process");
  }
  if (model !== null) {
    lines.push(...facts(model));
  }
  return lines;
}

function facts(model: ModelSummary): string[] {
  const settings = Object.keys(model.settings).map((name) => setting(model, name));
  const lines = [
    glibcVersion(model),
    `${model.cpus} CPU${model.cpus === 1 ? "" : "s"} (${CPUS_SOURCE[model.cpusSource]})`,
    settings.length === 0
      ? "recorded with glibc's default settings"
      : `recorded with ${settings.join(", ")}`,
    `${touch(model)}, transparent huge pages ${model.thp}${model.thp === "always" ? ": RSS is an upper bound" : ""}`,
  ];
  const { threadExits, lastExits, swaps, arenaChoices, unloggedBytes, cutSizes } = model.inferred;
  const { foreignSbrks, foreignSbrkBytes } = model.inferred;
  if (threadExits > 0) {
    const ends = plural(threadExits, "thread exit");
    const last = `${lastExits === threadExits ? "from" : `${exact(lastExits)} from`} how the threads' calls end`;
    const found =
      lastExits === 0
        ? "from its pointers"
        : lastExits === threadExits
          ? last
          : `from its pointers, ${last}`;
    lines.push(`${ends} that the log does not tell, found out ${found}`);
  }
  if (swaps > 0) {
    const calls = plural(swaps, "call");
    lines.push(`${calls} put before others logged above, as pointers show that they came first`);
  }
  if (arenaChoices > 0) {
    const threads = plural(arenaChoices, "thread");
    lines.push(`${threads} given the arena that their first pointer shows, where exits raced`);
  }
  if (cutSizes > 0) {
    const sizes = plural(cutSizes, "size");
    lines.push(`${sizes} that the hook printed cut to 32 bits, set right as pointers show`);
  }
  if (foreignSbrks > 0) {
    const moves = `break moved ${plural(foreignSbrks, "time")} by something other than malloc`;
    lines.push(
      `${moves}, as pointers show: ${size(foreignSbrkBytes)} between its blocks, not in RSS here`,
    );
  }
  if (unloggedBytes > 0) {
    lines.push(
      `${size(unloggedBytes)} in use that the log does not tell of (from before it began, or past its hook): taken as resident, under every setting alike`,
    );
  }
  const first = model.fidelity.firstDivergence;
  if (first !== null) {
    const at = `first pointer not reproduced: line ${exact(first.line)}`;
    lines.push(
      `${at}, ${printable(first.modelled)} where the log has ${printable(first.expected)}`,
    );
  }
  return lines;
}

/** One setting; of a detected one what the pointers leave open. */
function setting(model: ModelSummary, name: string): string {
  const text = `${name}=${model.settings[name]}`;
  if (model.settingsSource[name] !== "detected") {
    return text;
  }
  const range = model.settingsRange[name];
  const others = model.settingsOrElse[name] ?? [];
  const orElse = others.length === 0 ? "" : `; ${others.join(" or ")} would show alike`;
  if (range === undefined) {
    return `${text} (as the log's pointers show${orElse})`;
  }
  const { from, to } = range;
  const open = to === null ? `${exact(from)} or more` : `${exact(from)} to ${exact(to)}`;
  return `${text} (the log's pointers show ${open}${orElse})`;
}

/** The ratio, what it was fitted to, and how well. */
function fitted({ ratio, source, error }: TouchFit): string {
  const to = source === "rss samples" ? "the log's RSS samples" : source;
  const off =
    error.median === error.max
      ? `off by ${signed(error.max)}`
      : `off by ${signed(error.median)} in the median, ${signed(error.max)} at worst`;
  if (ratio === null) {
    return `facts (${to} fits no ratio: no block is above 32 KiB; ${off})`;
  }
  return `fitted to ${to}: ${percent(ratio)} of each block above 32 KiB written (${off})`;
}

/** Where it is from that blocks count as written. */
function touch({ touch, fit, holes }: ModelSummary): string {
  const policy = fit === null ? touch : fitted(fit);
  if (holes === null) {
    return `touch ${policy}`;
  }
  const which = holes.minBytes === null ? "some blocks" : `blocks ≥ ${size(holes.minBytes)}`;
  return `touch of ${which} from the log (${plural(holes.lines, "hole line")}), ${policy} of others`;
}
