import type uPlot from "uplot";
import type { TimelineData } from "../page-data.ts";
import { chartFont } from "./chart-axes.ts";
import { colour } from "./theme.ts";

/** Labels closer than so many pixels would overlap: of those only the first is written. */
const LABEL_DISTANCE = 14;

/** Draws the log's marks into a chart: a thin line each, with its label along it where there is room. */
export function drawMarks(plot: uPlot, marks: TimelineData["marks"], byTime: boolean): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  let free = bbox.left;
  ctx.save();
  ctx.strokeStyle = colour("--soft");
  ctx.fillStyle = colour("--soft");
  ctx.lineWidth = scale;
  ctx.setLineDash([2 * scale, 3 * scale]);
  ctx.font = chartFont().replace("12px", `${11 * scale}px`);
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  for (const { label, events, time } of marks ?? []) {
    const at = byTime ? time : events;
    const x = at === null ? Number.NaN : Math.round(plot.valToPos(at, "x", true));
    if (!(x >= bbox.left && x <= bbox.left + bbox.width)) {
      continue;
    }
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (x < free) {
      continue;
    }
    free = x + LABEL_DISTANCE * scale;
    ctx.save();
    ctx.translate(x, bbox.top + 4 * scale);
    ctx.rotate(-Math.PI / 2);
    // A halo: series pass behind it.
    ctx.setLineDash([]);
    ctx.strokeStyle = colour("--paper");
    ctx.lineWidth = 4 * scale;
    ctx.strokeText(label, 0, -2 * scale);
    ctx.fillText(label, 0, -2 * scale);
    ctx.restore();
  }
  ctx.restore();
}
