import type { PageData } from "../page-data.ts";
import { Composition } from "./composition.ts";
import { startCopyButtons } from "./copy-buttons.ts";
import { find } from "./dom.ts";
import { startFlames } from "./flame-views.ts";
import { HeapMaps } from "./heap-maps.ts";
import { SiteTables } from "./sortable-sites.ts";
import { threadTable } from "./sortable-threads.ts";
import { startTheme } from "./theme.ts";
import { Timeline } from "./timeline.ts";
import { startViews } from "./views.ts";

/*!
This page holds uPlot. The MIT License (MIT)

Copyright (c) 2022 Leon Sorokin

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
*/
const data: PageData = JSON.parse(document.getElementById("data")?.textContent ?? "");

startTheme();
startCopyButtons();

const chart = find("chart", HTMLElement);
const timeline =
  chart !== null && data.timeline !== null ? new Timeline(data.timeline, chart) : null;

if (document.querySelector("#causes") !== null) {
  new Composition(data.causes, data.timeline);
}

const allocations = find("allocations", HTMLElement);
if (allocations !== null) {
  startViews(allocations);
  startFlames(data.flame);
  const tables = new SiteTables(data.allocations, (site) => {
    timeline?.pick(site, () => tables.clear());
    if (site !== null) {
      find("timeline", HTMLElement)?.scrollIntoView({ block: "start" });
    }
  });
}

const maps = find("maps", HTMLElement);
if (maps !== null) {
  new HeapMaps(data.maps, maps);
}

const table = find("thread-table", HTMLTableElement);
if (table !== null) {
  threadTable(data.threads, table);
}
