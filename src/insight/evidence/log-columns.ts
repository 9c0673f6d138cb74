import type { LayoutSummary } from "../../report/contract/report.ts";

type Column = LayoutSummary["after"][number];
type Evidence = LayoutSummary["shownBy"][number];

/** What the log's first lines show of its columns, and from what; one item each. */
export function columnItems(layout: LayoutSummary): string[] {
  const { columns, timeUnit, pointerBase, processes, threads, wrappers, isPattern } = layout;
  const items: string[] = [];
  if (wrappers.length > 0) {
    items.push(`lines: taken out of ${wrappers.join(" and ")}`);
  }
  if (isPattern) {
    items.push("lines: read by --pattern");
  } else if (columns !== null) {
    items.push(`columns: ${columnList(columns, layout)}`);
  } else if (timeUnit !== "s") {
    items.push(`columns: tid, ${timeName(timeUnit)}`);
  }
  if (processes > 0) {
    const found = processes > 1 ? `; ${processes} processes in the first lines` : "";
    items.push(`pid and tid: each thread goes with one process${found}`);
  }
  if (threads === "none") {
    items.push("threads: no column shows them; read as one thread, 0");
  }
  if (threads === "handles") {
    items.push("threads: handles (pthread_self), numbered from 1 in order of appearance");
  }
  if (threads === "names") {
    items.push("threads: names, numbered from 1 in order of appearance");
  }
  if (pointerBase === 10) {
    items.push("pointers: decimal, since only as such they are aligned addresses");
  }
  return items;
}

/** In the order of lines, with what shows each. */
function columnList(
  columns: readonly Column[],
  { after, shownBy, timeUnit, hasTail }: LayoutSummary,
): string {
  const named = [...columns, ...after].map((column, at) => {
    const name = column === "time" ? timeName(timeUnit) : NAMES[column];
    const by = BY[shownBy[at] ?? "form"];
    return column === "other" || by === null ? name : `${name} (${by})`;
  });
  const before = named.slice(0, columns.length);
  const readAfter = named.slice(columns.length).filter((_, at) => after[at] !== "other");
  const list = before.length === 0 ? "none before the call" : before.join(", ");
  const behind =
    readAfter.length > 0
      ? `; after the result ${readAfter.join(", ")}`
      : hasTail
        ? "; more after the result, not read"
        : "";
  return `${list}${behind}`;
}

const NAMES: Readonly<Record<Exclude<Column, "time">, string>> = {
  pid: "pid",
  tid: "tid",
  "pid.tid": "pid.tid",
  caller: "caller",
  other: "other text",
};

/** The form of a value needs no words. */
const BY: Readonly<Record<Evidence, string | null>> = {
  name: "by its name",
  form: null,
  values: "by its values",
  order: "by its place",
  given: "given",
};

/** Other units than seconds are inferred. */
function timeName(unit: LayoutSummary["timeUnit"]): string {
  return unit === "s" ? "time" : `time in ${unit}`;
}
