import uPlot from "uplot";
import { LAYERS } from "../cause-layers.ts";
import type { CausesData } from "../causes-data.ts";
import type { TimelineData } from "../page-data.ts";
import { layersOf } from "./cause-layers-of.ts";
import { chartAxes } from "./chart-axes.ts";
import { colour, onThemeChange } from "./theme.ts";

/** Height of the chart in pixels, by its width. */
const heightFor = (width: number): number => (width < 600 ? 200 : 260);

/** Causes of resident memory over the run, stacked: known at some moments, of which one is chosen. */
export class CauseStack {
  readonly #box: HTMLElement;
  readonly #layers: readonly (readonly number[])[];
  readonly #xs: readonly number[];
  /** of the timeline, so that both charts stand one above the other */
  readonly #range: readonly [number, number];
  readonly #byTime: boolean;
  /** RSS at each point of the timeline, which moments between others would hide */
  readonly #rss: readonly { readonly x: number; readonly bytes: number }[];
  readonly #onPick: (moment: number) => void;
  #picked: number;
  #plot: uPlot;

  constructor(
    data: CausesData,
    { time, events, series }: TimelineData,
    box: HTMLElement,
    onPick: (moment: number) => void,
  ) {
    this.#box = box;
    this.#layers = layersOf(data);
    this.#byTime = time !== null;
    const points = time ?? events;
    this.#xs = data.moments.map(({ point }) => points[point] ?? 0);
    const [from, to] = [points[0] ?? 0, points.at(-1) ?? 0];
    this.#range = [from, to > from ? to : from + 1];
    const recorded = series.find(({ kind }) => kind === "rss");
    this.#rss = (recorded?.bytes ?? []).map((bytes, i) => ({ x: points[i] ?? 0, bytes }));
    this.#onPick = onPick;
    this.#picked = this.#xs.length - 1;
    this.#plot = this.#draw();
    onThemeChange(() => this.#redraw());
    box.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
      if (step !== 0) {
        event.preventDefault();
        onPick(Math.min(this.#xs.length - 1, Math.max(0, this.#picked + step)));
      }
    });
    new ResizeObserver(() => {
      const width = this.#box.clientWidth;
      if (width > 0 && width !== this.#plot.width) {
        this.#plot.setSize({ width, height: heightFor(width) });
      }
    }).observe(box);
  }

  /** Marks a moment. */
  mark(moment: number): void {
    this.#picked = moment;
    this.#plot.redraw();
  }

  #redraw(): void {
    this.#plot.destroy();
    this.#plot = this.#draw();
  }

  #draw(): uPlot {
    const width = Math.max(this.#box.clientWidth, 200);
    const mostRss = this.#rss.reduce((most, { bytes }) => Math.max(most, bytes), 0);
    const options: uPlot.Options = {
      width,
      height: heightFor(width),
      padding: [12, 16, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { time: false, range: () => [...this.#range] },
        y: { range: (_, __, most) => [0, Math.max(most, mostRss) * 1.06 || 1] },
      },
      axes: chartAxes(width, this.#byTime, 40),
      // The whole stack first: each layer paints over those above it.
      series: [
        {},
        ...[...LAYERS].reverse().map(({ key, words }): uPlot.Series => {
          const fill = colour(`--layer-${key}`);
          return { label: words, stroke: fill, width: 1, fill, points: { show: false } };
        }),
      ],
      hooks: {
        draw: [(plot) => this.#drawRss(plot), (plot) => this.#drawMoments(plot)],
      },
    };
    const sums: number[][] = [];
    for (const layer of this.#layers) {
      const below = sums.at(-1);
      sums.push(layer.map((bytes, i) => bytes + (below?.[i] ?? 0)));
    }
    const plot = new uPlot(options, [[...this.#xs], ...sums.reverse()], this.#box);
    plot.over.addEventListener("click", () => {
      const { idx } = plot.cursor;
      if (idx != null) {
        this.#onPick(idx);
      }
    });
    return plot;
  }

  #drawRss(plot: uPlot): void {
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = colour("--ink");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.beginPath();
    for (const { x, bytes } of this.#rss) {
      ctx.lineTo(plot.valToPos(x, "x", true), plot.valToPos(bytes, "y", true));
    }
    ctx.stroke();
    ctx.restore();
  }

  /** A tick for each moment that is known, and a line at the one that is chosen. */
  #drawMoments(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const scale = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = colour("--ink");
    this.#xs.forEach((x, moment) => {
      const at = Math.round(plot.valToPos(x, "x", true));
      const isPicked = moment === this.#picked;
      ctx.lineWidth = (isPicked ? 2 : 1) * scale;
      ctx.beginPath();
      ctx.moveTo(at, isPicked ? bbox.top : bbox.top + bbox.height - 5 * scale);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    });
    ctx.restore();
  }
}
