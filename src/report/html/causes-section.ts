import type { Presented } from "../presented.ts";
import { causeColumns, causeRows } from "../tables/cause-columns.ts";
import type { Markup } from "./markup.ts";
import { tableSection } from "./table-section.ts";

/** Why the memory of the recorded run was resident; null if the log does not show it. */
export function causesSection({ causes }: Presented): Markup | null {
  if (causes === null) {
    return null;
  }
  const rows = causeRows(causes);
  return tableSection("causes", "Why it is resident", causeColumns(rows), rows);
}
