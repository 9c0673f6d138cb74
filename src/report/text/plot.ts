import type { ChalkInstance } from "chalk";
import type { Report, Timeline } from "../contract/report.ts";
import { byteUnit, count, duration, inUnit } from "../wording/format.ts";
import { printable } from "../wording/printable.ts";
import { heading, type TextStyle, wrap } from "./style.ts";

/**
 * Live bytes and RSS by scenario over time, for `--plot`. Each curve has its own letter, so that the plot works without
 * colour. No plotting package: those for terminals distinguish curves by colour only.
 */

/** Lines of the plot above its axis. */
const HEIGHT = 12;
/** Maximum width in characters: the timeline is hardly finer. */
const MAX_COLUMNS = 160;
/** Distance between lines with a number, from the axis up. */
const LINES_PER_LABEL = 3;
/** More curves would be unreadable. */
const MAX_SCENARIOS = 6;
const LETTERS = "ABCDEF";

const LIVE_MARK = ".";

interface Curve {
  readonly mark: string;
  readonly names: string[];
  readonly values: readonly number[];
}

export function plot(report: Report, style: TextStyle): string | null {
  const { timeline, scenarios, trace } = report;
  if (timeline.liveBytes.length === 0) {
    return null;
  }
  const { curves, more } = curvesOf(timeline);
  let max = 0;
  for (const { values } of curves) {
    for (const value of values) {
      max = Math.max(max, value);
    }
  }
  const unit = byteUnit([max]);
  const labels = Array.from({ length: HEIGHT + 1 }, (_, line) =>
    line % LINES_PER_LABEL === 0 ? inUnit(unit, (max * line) / HEIGHT) : "",
  );
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const columns = Math.min(MAX_COLUMNS, style.width - labelWidth - 2);
  const axis = axisOf(timeline, trace.events, columns);
  const drawn = draw(curves, axis, columns, max);
  const [tick, side] = style.ascii ? ["+", "|"] : ["┤", "│"];
  const paint = painter(curves, style.chalk);
  const lines = drawn.map((cells, i) => {
    const label = labels[HEIGHT - i] ?? "";
    const ink = cells.map(paint).join("");
    return `${label.padStart(labelWidth)} ${label === "" ? side : tick}${ink}`.trimEnd();
  });
  const rule = style.ascii ? `+${"-".repeat(columns)}` : `└${"─".repeat(columns)}`;
  const indent = " ".repeat(labelWidth + 1);
  const what = scenarios.length === 0 ? "live bytes" : "live bytes and heap RSS";
  const rest = more === 0 ? "" : `; ${count(more)} more in --json`;
  return [
    heading("Over time", `: ${what} in ${unit.name}${rest}`, style),
    ...lines,
    `${indent}${rule}`,
    `${indent} ${axis.labels}`,
    ...curves.map(({ mark, names }) => {
      const text = wrap(names.map(printable).join("; "), columns - 2).join(`\n${indent}   `);
      return `${indent} ${paint(mark)} ${text}`;
    }),
  ].join("\n");
}

/** RSS of the scenarios in report order, and live bytes; equal series share a curve. */
function curvesOf({ liveBytes, perScenario }: Timeline): { curves: Curve[]; more: number } {
  const bySeries = new Map<string, Curve>();
  const live = { mark: LIVE_MARK, names: ["live"], values: liveBytes };
  let more = 0;
  for (const [name, values] of Object.entries(perScenario)) {
    const key = values.join();
    const same = bySeries.get(key);
    if (same !== undefined) {
      same.names.push(name);
    } else if (bySeries.size === MAX_SCENARIOS) {
      more++;
    } else {
      bySeries.set(key, { mark: LETTERS[bySeries.size] ?? "?", names: [name], values });
    }
  }
  return { curves: [...bySeries.values(), live], more };
}

interface Axis {
  /** column of each point of the timeline, ascending */
  readonly columnOf: readonly number[];
  readonly labels: string;
}

/** The axis is time, or the number of the event if the log has no times. */
function axisOf({ time }: Timeline, events: number, columns: number): Axis {
  let latest = Number.NEGATIVE_INFINITY;
  // Times out of order are raised to the latest before them: points stay in order.
  const known = time.map((seconds) => {
    latest = Math.max(latest, seconds ?? latest);
    return latest;
  });
  const last = known.at(-1) ?? 0;
  const first = known[0] ?? 0;
  const timed = Number.isFinite(first) && last > first;
  const from = timed ? Math.min(first, 0) : 0;
  const at = timed ? known : time.map((_, point) => point + 1);
  const span = (timed ? last : time.length) - from;
  const columnOf = at.map((place) =>
    Math.max(0, Math.min(columns - 1, Math.floor(((place - from) / span) * columns))),
  );
  const label = (part: number): string =>
    timed ? duration(from + span * part) : count(Math.round(events * part));
  const unit = timed ? "" : " events";
  const [start, middle, end] = [label(0), label(0.5), `${label(1)}${unit}`];
  const half = start.padEnd(Math.floor((columns - middle.length) / 2)) + middle;
  return { columnOf, labels: half + end.padStart(Math.max(1, columns - half.length)) };
}

/** The characters line by line, from the top. Where curves overlap, the first one is visible. */
function draw(
  curves: readonly Curve[],
  { columnOf }: Axis,
  columns: number,
  max: number,
): string[][] {
  const cells = Array.from({ length: HEIGHT + 1 }, () => Array<string>(columns).fill(" "));
  for (const { mark, values } of [...curves].reverse()) {
    const most = byColumn(values, columnOf, columns);
    let before: number | null = null;
    for (const [column, value] of most.entries()) {
      const line = max === 0 ? 0 : Math.round((value / max) * HEIGHT);
      // A jump is drawn as a line up or down.
      const [low, high] = [Math.min(before ?? line, line), Math.max(before ?? line, line)];
      for (let at = low; at <= high; at++) {
        if (at === before && low !== high) {
          continue;
        }
        cells[HEIGHT - at]![column] = mark;
      }
      before = line;
    }
  }
  return cells;
}

/** The largest value in each column; a column without points repeats the one before. */
function byColumn(
  values: readonly number[],
  columnOf: readonly number[],
  columns: number,
): number[] {
  const most = Array<number>(columns).fill(Number.NaN);
  for (const [point, value] of values.entries()) {
    const column = columnOf[point] ?? columns - 1;
    most[column] = Math.max(most[column] || 0, value);
  }
  let before = most.find((value) => !Number.isNaN(value)) ?? 0;
  return most.map((value) => {
    if (!Number.isNaN(value)) {
      before = value;
    }
    return before;
  });
}

/** Colours of the terminal's theme by letter; live bytes have none. */
function painter(curves: readonly Curve[], chalk: ChalkInstance): (cell: string) => string {
  const colours = [chalk.cyan, chalk.yellow, chalk.magenta, chalk.green, chalk.blue, chalk.red];
  const of = new Map(
    curves.flatMap(({ mark }, i) => {
      const colour = mark === LIVE_MARK ? undefined : colours[i];
      return colour === undefined ? [] : [[mark, colour] as const];
    }),
  );
  return (cell) => of.get(cell)?.(cell) ?? cell;
}
