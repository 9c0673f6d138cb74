import { processColumns } from "../tables/process-columns.ts";
import type { Presented } from "../wording/presented.ts";
import type { Markup } from "./markup.ts";
import { tableSection } from "./table-section.ts";

/** The processes of a log that has several; null otherwise. */
export function processesSection({
  report: { processes },
  processTotals,
}: Presented): Markup | null {
  return processes === undefined
    ? null
    : tableSection("processes", "Processes", processColumns(processes), processes, {
        note: processTotals,
      });
}
