import { CAUSE_WORDS } from "../report/tables/cause-columns.ts";
import { type Column, splitAtTop } from "../report/tables/column.ts";
import { budgetList } from "../report/text/budget-list.ts";
import { heading, type TextStyle, wrap } from "../report/text/style.ts";
import { renderTable } from "../report/text/text-table.ts";
import {
  type ByteUnit,
  byteUnit,
  change,
  exact,
  inUnit,
  percent,
  size,
} from "../report/wording/format.ts";
import { printable, sourceName } from "../report/wording/printable.ts";
import { cutMiddle, foldAtCommas } from "../report/wording/shorten.ts";
import type { CallerChange } from "./caller-changes.ts";
import type { CauseChange } from "./cause-changes.ts";
import { type Change, isNoise } from "./change.ts";
import type { ArenaChange, Diff, ScenarioChange, TotalChange } from "./diff.ts";
import type { PresentedDiff } from "./present-diff.ts";
import type { ThreadChange } from "./thread-changes.ts";

/** The diff for people: the verdict first, then the figures, largest change first. */
export function diffText(presented: PresentedDiff, top: number, style: TextStyle): string {
  const { diff, verdict, budgets } = presented;
  const paragraphs = (texts: readonly string[]): string[] =>
    texts.flatMap((text) => wrap(printable(text), style.width));
  const sections = [
    paragraphs(verdict)
      .map((line) => style.chalk.bold(line))
      .join("\n"),
    paragraphs(diff.remarks).join("\n"),
    totalsTable(diff, style),
    scenarioTable(diff, style),
    causeTable(diff, style),
    callerTable(diff, top, style),
    threadTable(diff, top, style),
    arenaTable(diff, top, style),
    budgets.length === 0 ? "" : budgetList(budgets, style),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function totalsTable(diff: Diff, style: TextStyle): string {
  const { totals, base, head, runs } = diff;
  const title = heading(
    "Totals",
    `, from ${sourceName(base)} to ${sourceName(head)}${markKey(diff)}`,
    style,
  );
  const value = ({ unit }: TotalChange, number: number | null): string => {
    if (number === null) {
      return "?";
    }
    switch (unit) {
      case "bytes":
        return size(number);
      case "ratio":
        return percent(number);
      case "count":
        return exact(number);
      default:
        return unit satisfies never;
    }
  };
  const columns: Column<TotalChange>[] = [
    { head: ["figure"], align: "left", rank: 0, cell: ({ key }) => key },
    { head: ["before"], align: "right", rank: 0, cell: (total) => value(total, total.base) },
    { head: ["now"], align: "right", rank: 0, cell: (total) => value(total, total.head) },
    painted({ head: ["change"], align: "right", rank: 0, cell: totalChange }, (row) => row, style),
    {
      head: [`${runs.length + 1} runs`],
      align: "right",
      rank: 1,
      cell: (total) => spread(total, (number) => value(total, number)),
    },
  ];
  const shown = totals.filter((total) => total.base !== null || total.head !== null);
  return `${title}\n${renderTable(columns, { shown, rest: [] }, style)}`;
}

/** The noise of a total; empty without --runs. */
function spread({ noise }: TotalChange, show: (value: number) => string): string {
  return noise === undefined ? "" : `${show(noise.least)} to ${show(noise.most)}`;
}

function totalChange({ unit, base, head, change: by, ...more }: TotalChange): string {
  if (base === null || head === null) {
    return "";
  }
  if (unit !== "ratio") {
    return relative({ base, head, change: by, ...more });
  }
  const points = (by * 100).toFixed(1);
  const text = Number(points) === 0 ? "0.0 points" : `${by > 0 ? "+" : ""}${points} points`;
  return marked(text, { base, head, change: by, ...more });
}

function scenarioTable(diff: Diff, style: TextStyle): string {
  const { scenarios } = diff;
  if (scenarios.length === 0) {
    return "";
  }
  const all = scenarios.flatMap((row) => [row.endRssBytes, row.peakRssBytes]);
  const unit = unitOf(all);
  const columns: Column<ScenarioChange>[] = [
    {
      head: ["settings"],
      align: "left",
      rank: 0,
      cell: ({ name }) => name,
      fold: { least: 19, to: foldAtCommas },
    },
    ...changeColumns<ScenarioChange>("end", unit, 0, (row) => row.endRssBytes, style),
    ...changeColumns<ScenarioChange>("peak", unit, 2, (row) => row.peakRssBytes, style),
  ];
  const title = heading(
    "Settings",
    `: heap RSS in ${unit.name}, before and now${markKey(diff)}`,
    style,
  );
  return `${title}\n${renderTable(columns, { shown: scenarios, rest: [] }, style)}`;
}

/** Causes that changed. */
function causeTable(diff: Diff, style: TextStyle): string {
  const changed = diff.causes.filter(({ endBytes, peakBytes }) =>
    [endBytes, peakBytes].some((one) => one !== null && one.base !== one.head),
  );
  if (changed.length === 0) {
    return "";
  }
  const unit = unitOf(
    changed.flatMap(({ endBytes, peakBytes }) => [endBytes, peakBytes ?? []].flat()),
  );
  // One of the causes is negative, and the changes add up to that of RSS: percentages would say little.
  const inBytes = (by: Change): string =>
    by === UNKNOWN ? "" : marked(`${by.change > 0 ? "+" : ""}${inUnit(unit, by.change)}`, by);
  const columns: Column<CauseChange>[] = [
    { head: ["cause"], align: "left", rank: 0, cell: ({ cause }) => NAMES.get(cause) ?? cause },
    ...changeColumns<CauseChange>("end", unit, 0, (row) => row.endBytes, style, inBytes),
    ...changeColumns<CauseChange>(
      "peak",
      unit,
      2,
      (row) => row.peakBytes ?? UNKNOWN,
      style,
      inBytes,
    ),
  ];
  const title = heading("Causes", ` of resident memory of the recorded run${markKey(diff)}`, style);
  return `${title}\n${renderTable(columns, { shown: changed, rest: [] }, style)}`;
}

const NAMES = new Map(CAUSE_WORDS);

const UNKNOWN: Change = { base: null, head: null, change: 0 };

function callerTable(diff: Diff, top: number, style: TextStyle): string {
  const { matched, rows } = diff.callers;
  const changed = rows.filter((row) =>
    [row.liveBytes, row.volumeBytes, row.calls].some(({ base, head }) => base !== head),
  );
  if (!matched || changed.length === 0) {
    return "";
  }
  const unit = unitOf(changed.map((row) => row.liveBytes));
  const volume = unitOf(changed.map((row) => row.volumeBytes));
  const columns: Column<CallerChange>[] = [
    {
      head: ["call site"],
      align: "left",
      rank: 0,
      isName: true,
      cell: ({ caller }) => caller,
      rest: (more) => `… ${exact(more.length)} more`,
      fold: { least: 16, to: cutMiddle },
    },
    ...changeColumns<CallerChange>("live", unit, 0, (row) => row.liveBytes, style),
    ...changeColumns<CallerChange>("volume", volume, 2, (row) => row.volumeBytes, style),
    { head: ["calls"], align: "right", rank: 4, cell: ({ calls }) => relative(calls) },
  ];
  const title = heading(
    "Call sites",
    `, largest change of live bytes first${markKey(diff)}`,
    style,
  );
  return `${title}\n${renderTable(columns, splitAtTop(changed, top), style)}`;
}

function threadTable(diff: Diff, top: number, style: TextStyle): string {
  const { threads } = diff;
  if (threads.matchedBy === "nothing") {
    const text = "Threads are not compared: the reports share neither tids, names, nor call sites.";
    return wrap(text, style.width).join("\n");
  }
  const changed = threads.rows.filter((row) =>
    [row.liveBytes, row.volumeBytes, row.calls].some(({ base, head }) => base !== head),
  );
  const by = `matched by ${threads.matchedBy === "site" ? "call site" : threads.matchedBy}`;
  if (changed.length === 0) {
    return wrap(`No thread changed (${by}).`, style.width).join("\n");
  }
  const unit = unitOf(changed.map((row) => row.liveBytes));
  const volume = unitOf(changed.map((row) => row.volumeBytes));
  const columns: Column<ThreadChange>[] = [
    {
      head: ["thread"],
      align: "left",
      rank: 0,
      cell: ({ tid, name, site, threads: { base, head } }) => {
        if (tid !== null) {
          return String(tid);
        }
        const several = Math.max(base ?? 0, head ?? 0) > 1 ? ` (${base ?? 0} → ${head ?? 0})` : "";
        return `${name ?? (site === null ? "unnamed" : `most at ${site}`)}${several}`;
      },
      rest: (rows) => `… ${exact(rows.length)} more`,
      fold: { least: 16, to: cutMiddle },
    },
    {
      head: ["name"],
      align: "left",
      rank: 5,
      cell: ({ tid, name }) => (tid === null ? "" : (name ?? "")),
      fold: { least: 16, to: cutMiddle },
    },
    ...changeColumns<ThreadChange>("live", unit, 0, (row) => row.liveBytes, style),
    ...changeColumns<ThreadChange>("volume", volume, 2, (row) => row.volumeBytes, style),
    { head: ["calls"], align: "right", rank: 4, cell: ({ calls }) => relative(calls) },
  ];
  const title = heading(
    "Threads",
    `, ${by}, largest change of live bytes first${markKey(diff)}`,
    style,
  );
  return `${title}\n${renderTable(columns, splitAtTop(changed, top), style)}`;
}

function arenaTable({ arenas }: Diff, top: number, style: TextStyle): string {
  const changed = arenas.filter((row) =>
    [row.rssBytes, row.inUseBytes, row.freeBytes].some(({ base, head }) => base !== head),
  );
  if (changed.length === 0) {
    return "";
  }
  const unit = unitOf(changed.flatMap((row) => [row.rssBytes, row.inUseBytes, row.freeBytes]));
  const columns: Column<ArenaChange>[] = [
    {
      head: ["arena"],
      align: "left",
      rank: 0,
      cell: ({ id }) => (id === 0 ? "0 main" : String(id)),
      rest: (rows) => `… ${exact(rows.length)} more`,
    },
    ...changeColumns<ArenaChange>("RSS", unit, 0, (row) => row.rssBytes, style),
    ...changeColumns<ArenaChange>("in use", unit, 2, (row) => row.inUseBytes, style),
    ...changeColumns<ArenaChange>("free", unit, 4, (row) => row.freeBytes, style),
  ];
  const title = heading("Arenas", " of the recorded run at its end", style);
  return `${title}\n${renderTable(columns, splitAtTop(changed, top), style)}`;
}

/** Before, now, and the change; "before" is dropped first. */
function changeColumns<Row>(
  name: string,
  unit: ByteUnit,
  rank: number,
  of: (row: Row) => Change,
  style: TextStyle,
  text: (change: Change) => string = relative,
): Column<Row>[] {
  const cell = (value: number | null): string => (value === null ? "–" : inUnit(unit, value));
  const head = (when: string): string[] => [name, when, unit.name];
  return [
    { head: head("before"), align: "right", rank: rank + 1, cell: (row) => cell(of(row).base) },
    { head: head("now"), align: "right", rank, cell: (row) => cell(of(row).head) },
    painted({ head: ["change"], align: "right", rank, cell: (row) => text(of(row)) }, of, style),
  ];
}

function painted<Row>(
  column: Column<Row>,
  of: (row: Row) => Change,
  { chalk }: TextStyle,
): Column<Row> {
  return {
    ...column,
    paint: (row, text) => {
      const by = isNoise(of(row)) ? 0 : of(row).change;
      return by > 0 ? chalk.red(text) : by < 0 ? chalk.green(text) : text;
    },
  };
}

function relative(changed: Change): string {
  const { base, head } = changed;
  if (base === null) {
    return marked("new", changed);
  }
  return marked(head === null ? "gone" : (change(base, head) ?? "from 0"), changed);
}

/** A change that other runs of the base show as well. */
function marked(text: string, changed: Change): string {
  return changed.change !== 0 && isNoise(changed) ? `~ ${text}` : text;
}

/** Explains the mark in the title of a table. */
function markKey({ runs }: Diff): string {
  return runs.length === 0 ? "" : `; ~ within the noise of ${runs.length + 1} runs`;
}

function unitOf(changes: readonly Change[]): ByteUnit {
  return byteUnit(changes.flatMap(({ base, head }) => [base ?? 0, head ?? 0]));
}
