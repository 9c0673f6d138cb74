import { exact, plural, size } from "../../wording/format.ts";
import type { BinRow } from "../maps-data.ts";
import { element } from "./dom.ts";

const HEADS = [
  ["bin", "text"],
  ["chunk size", "num"],
  ["chunks", "num"],
  ["bytes", "num"],
] as const;

/** The bins of an arena, folded: counts and bytes of their free chunks. */
export function binTable(bins: readonly BinRow[], arena: string): HTMLDetailsElement {
  const details = element("details");
  const all = bins.reduce((sum, [, , , chunks]) => sum + chunks, 0);
  details.append(
    element("summary", "", `${plural(bins.length, "bin")} with ${plural(all, "free chunk")}`),
  );
  // Made when it is opened first: there may be hundreds of arenas.
  details.addEventListener("toggle", () => details.append(filled(bins, arena)), { once: true });
  return details;
}

function filled(bins: readonly BinRow[], arena: string): HTMLElement {
  const box = element("div", "scroll");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", `Bins of ${arena}`);
  const table = element("table", "bins");
  const head = table.createTHead().insertRow();
  for (const [name, side] of HEADS) {
    const cell = element("th", side, name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const [kind, least, most, chunks, bytes] of bins) {
    const sizes = least === most ? exact(least) : `${exact(least)} – ${exact(most)}`;
    const name = element("th", "text", kind);
    name.scope = "row";
    body
      .insertRow()
      .append(
        name,
        element("td", "num", sizes),
        element("td", "num", exact(chunks)),
        element("td", "num", size(bytes)),
      );
  }
  box.append(table);
  return box;
}
