import type { LayoutSummary } from "../../report/report.ts";

/** What the log's first lines show of its columns, and from what; one item each. */
export function columnItems(layout: LayoutSummary): string[] {
  const { columns, timeUnit, pointerBase, processes, hasTail, threads } = layout;
  const items: string[] = [];
  if (columns !== null) {
    const names = columns.map((role) => (role === "time" ? timeName(timeUnit) : NAMES[role]));
    const list = names.length === 0 ? "none before the call" : names.join(", ");
    items.push(`columns: ${list}${hasTail ? ", more after the result, not read" : ""}`);
  } else {
    if (timeUnit !== "s") {
      items.push(`columns: tid, ${timeName(timeUnit)}`);
    }
    if (hasTail) {
      items.push("columns: more after the result, not read");
    }
  }
  if (columns?.includes("pid")) {
    const found = processes > 1 ? `; ${processes} processes in the first lines` : "";
    items.push(`pid and tid: each thread goes with one process${found}`);
  }
  if (threads === "none") {
    items.push("threads: no column shows them; read as one thread, 0");
  }
  if (threads === "handles") {
    items.push("threads: handles (pthread_self), numbered from 1 in order of appearance");
  }
  if (pointerBase === 10) {
    items.push("pointers: decimal, since only as such they are aligned addresses");
  }
  return items;
}

const NAMES = { pid: "pid", tid: "tid", caller: "caller", other: "other text" } as const;

/** Other units than seconds are inferred. */
function timeName(unit: LayoutSummary["timeUnit"]): string {
  return unit === "s" ? "time" : `time in ${unit}, by its size`;
}
