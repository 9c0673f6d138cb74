import type { Report } from "../contract/report.ts";
import { sortArenas } from "../order/sort-allocations.ts";
import { arenaColumns } from "../tables/arena-columns.ts";
import { plural } from "../wording/format.ts";
import type { WriterOptions } from "../writers/writer.ts";
import type { Markup } from "./markup.ts";
import { tableSection } from "./table-section.ts";

/** The arenas of the recorded run (`--by arena`); null without a model. */
export function arenasSection({ scenarios }: Report, { sort, top }: WriterOptions): Markup | null {
  const [recorded] = scenarios;
  if (recorded === undefined) {
    return null;
  }
  const arenas = sortArenas(recorded.arenas, sort);
  const title = `Arenas of the recorded run at its end (${plural(arenas.length, "arena")})`;
  return tableSection("arenas", title, arenaColumns(arenas), arenas, { top });
}
