import { observedColumns, observedRows } from "../tables/observed-columns.ts";
import type { Presented } from "../wording/presented.ts";
import type { Markup } from "./markup.ts";
import { tableSection } from "./table-section.ts";

/** What was measured beside what the model has; null if nothing was measured. */
export function observedSection({
  report: { observed },
  observedNotes,
  trustsModel,
}: Presented): Markup | null {
  if (observed === undefined) {
    return null;
  }
  const rows = observedRows(observed);
  return tableSection(
    "observed",
    "Measured beside modelled",
    observedColumns(rows, trustsModel),
    rows,
    { note: observedNotes.length === 0 ? null : observedNotes.join(" ") },
  );
}
