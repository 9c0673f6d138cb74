import type { PageData } from "../page-data.ts";
import { find } from "./dom.ts";
import { HeapMaps } from "./heap-maps.ts";
import { startTheme } from "./theme.ts";
import { ThreadTable } from "./thread-table.ts";
import { Timeline } from "./timeline.ts";

const data: PageData = JSON.parse(document.getElementById("data")?.textContent ?? "");

startTheme();

const chart = find("chart", HTMLElement);
if (chart !== null && data.timeline !== null) new Timeline(data.timeline, chart);

const maps = find("maps", HTMLElement);
if (maps !== null) new HeapMaps(data.maps, maps);

const table = find("thread-table", HTMLTableElement);
if (table !== null) new ThreadTable(data.threads, table);
