import { Chalk } from "chalk";
import { type Column, splitAtTop } from "../../src/report/tables/column.ts";
import { renderTable } from "../../src/report/text/text-table.ts";
import { count } from "../../src/report/wording/format.ts";
import { type BytesPerCall, type CurvePoint, type Measured, median, type Row } from "./row.ts";

/** A row and its result, as written to the JSON file. It has ratios only: times depend on the machine. */
export interface Result {
  readonly name: string;
  readonly ratioOf: string;
  readonly median: number;
  /** of the pairs */
  readonly least: number;
  readonly most: number;
  /** median ratio of processor time; null if the row's own ratios are of processor time, or not of time */
  readonly processor: number | null;
  readonly target: number | null;
  readonly stretch: number | null;
  /** whether both medians keep the target; null without one */
  readonly holds: boolean | null;
  /** the processors that two programs could use before the row and after it (`usableCores`) */
  readonly cores: readonly [number, number];
  readonly ratios: readonly number[];
  readonly curve: readonly CurvePoint[];
  /** null if the row's sides are not recorders */
  readonly bytes: BytesPerCall | null;
}

export function resultOf(
  row: Row,
  { ratios, processor, curve = [], bytes }: Measured,
  cores: readonly [number, number],
): Result {
  const { name, ratioOf, target, stretch } = row;
  const wall = median(ratios);
  const cpu = processor === undefined ? null : median(processor);
  return {
    name,
    ratioOf,
    median: wall,
    least: Math.min(...ratios),
    most: Math.max(...ratios),
    processor: cpu,
    target,
    stretch,
    holds: target === null ? null : Math.max(wall, cpu ?? 0) <= target,
    cores,
    ratios,
    curve,
    bytes: bytes ?? null,
  };
}

const STYLE = { width: 160, chalk: new Chalk({ level: 0 }) };

const COLUMNS: readonly Column<Result>[] = [
  { head: ["row"], align: "left", rank: 0, cell: ({ name }) => name },
  { head: ["ratio of"], align: "left", rank: 0, cell: ({ ratioOf }) => ratioOf },
  number(["median"], ({ median }) => median),
  number(["least"], ({ least }) => least),
  number(["most"], ({ most }) => most),
  number(["processor", "time"], ({ processor }) => processor),
  number(["usable", "cores"], ({ cores: [before, after] }) => (before + after) / 2),
  number(["at most"], ({ target }) => target),
  number(["stretch"], ({ stretch }) => stretch),
  { head: ["holds"], align: "left", rank: 0, cell: verdict },
];

function number(head: readonly string[], of: (result: Result) => number | null): Column<Result> {
  return { head, align: "right", rank: 0, cell: (result) => of(result)?.toFixed(2) ?? "" };
}

function verdict({ median, processor, target, stretch, holds }: Result): string {
  if (target === null) {
    return "";
  }
  if (holds === true) {
    const worst = Math.max(median, processor ?? 0);
    return stretch !== null && worst <= stretch ? "yes, stretch" : "yes";
  }
  if (median <= target) {
    return "wall only";
  }
  return processor !== null && processor <= target ? "processor only" : "no";
}

export function resultsTable(results: readonly Result[]): string {
  const curves = results.filter(({ curve }) => curve.length > 0).map(curveTable);
  const sizes = results.flatMap(({ name, bytes }) => (bytes === null ? [] : [{ name, ...bytes }]));
  const bytes = sizes.length > 0 ? [renderTable(BYTES_COLUMNS, splitAtTop(sizes, 0), STYLE)] : [];
  return [renderTable(COLUMNS, splitAtTop(results, 0), STYLE), ...curves, ...bytes].join("\n\n");
}

type NamedBytes = BytesPerCall & { readonly name: string };

const BYTES_COLUMNS: readonly Column<NamedBytes>[] = [
  { head: ["bytes per call"], align: "left", rank: 0, cell: ({ name }) => name },
  { head: ["calls"], align: "right", rank: 0, cell: ({ calls }) => count(calls) },
  bytesOf(["mallog"], ({ log }) => log),
  bytesOf(["gzipped"], ({ logGzipped }) => logGzipped),
  bytesOf(["other side"], ({ rival }) => rival),
  bytesOf(["gzipped"], ({ rivalGzipped }) => rivalGzipped),
];

function bytesOf(
  head: readonly string[],
  of: (bytes: NamedBytes) => number | null,
): Column<NamedBytes> {
  return { head, align: "right", rank: 0, cell: (bytes) => of(bytes)?.toFixed(1) ?? "" };
}

function curveTable({ name, curve }: Result): string {
  const times = (head: string, of: (point: CurvePoint) => number): Column<CurvePoint> => ({
    head: [head],
    align: "right",
    rank: 0,
    cell: (point) => of(point).toFixed(2),
  });
  const columns: readonly Column<CurvePoint>[] = [
    { head: [name], align: "right", rank: 0, cell: ({ size }) => count(size) },
    times("model", ({ model }) => model),
    times("native", ({ native }) => native),
    times("ratio", ({ model, native }) => model / native),
  ];
  return renderTable(columns, splitAtTop(curve, 0), STYLE);
}
