import uPlot from "uplot";
import { count, duration, size } from "../../wording/format.ts";
import type { TimelineData } from "../page-data.ts";
import { chartAxes, chartFont } from "./chart-axes.ts";
import { find, setText } from "./dom.ts";
import { drawMarks } from "./mark-lines.ts";
import { isFlatBeside, lastKnown, type Picked, pickedOf, pickedSeries } from "./picked-series.ts";
import { type Look, looks, SeriesButtons } from "./series-buttons.ts";
import type { PickedSite } from "./sortable-sites.ts";
import { colour, onThemeChange } from "./theme.ts";

/** Height of the chart in pixels, by its width. */
const heightFor = (width: number): number => (width < 600 ? 260 : 360);
/** A limit more than this many times above the series would flatten them: the axis leaves it out. */
const FAR_ABOVE = 3;
/** Live bytes, bytes in use and RSS by scenario over the run. */
export class Timeline {
  readonly #data: TimelineData;
  readonly #box: HTMLElement;
  readonly #looks: readonly Look[];
  readonly #buttons: SeriesButtons;
  #byTime: boolean;
  #picked: Picked | null = null;
  /** only the picked series is shown: beside the others it would be flat */
  #alone = false;
  #plot: uPlot;

  constructor(data: TimelineData, box: HTMLElement) {
    this.#data = data;
    this.#box = box;
    this.#byTime = data.time !== null;
    this.#looks = looks(data);
    this.#buttons = new SeriesButtons(this.#looks, () => this.#show(), data);
    this.#plot = this.#draw();
    this.#wireButtons();
    this.#wireKeys();
    this.#showValues(null);
    onThemeChange(() => this.#redraw());
    new ResizeObserver(() => {
      const width = this.#box.clientWidth;
      if (width > 0 && width !== this.#plot.width) {
        this.#plot.setSize({ width, height: heightFor(width) });
      }
    }).observe(box);
  }

  get #xs(): readonly number[] {
    return (this.#byTime ? this.#data.time : null) ?? this.#data.events;
  }

  /** Shows what of a call site or of a size was live; null: of none. `onRemove`: its button was pressed. */
  pick(site: PickedSite | null, onRemove: () => void = () => {}): void {
    const { events, series } = this.#data;
    if (site === null) {
      this.#picked = null;
      this.#alone = false;
      this.#buttons.removePicked();
    } else {
      const shown = series.filter((_, i) => this.#looks[i]?.shown);
      this.#picked = pickedOf(site, events, series[0]?.bytes ?? []);
      this.#alone = isFlatBeside(
        this.#picked,
        shown.map(({ bytes }) => bytes),
      );
      this.#buttons.showPicked(this.#picked.look, this.#alone, {
        remove: () => {
          this.pick(null);
          onRemove();
        },
        showAlone: (alone) => {
          this.#alone = alone;
          this.#redraw();
        },
      });
    }
    this.#redraw();
    this.#showValues(null);
    this.#note();
  }

  #isShown(look: Look | undefined): boolean {
    return look?.shown === true && !this.#alone;
  }

  get #showsLimit(): boolean {
    return this.#buttons.showsLimit && !this.#alone;
  }

  #draw(): uPlot {
    const { series } = this.#data;
    const picked = this.#picked;
    const width = Math.max(this.#box.clientWidth, 200);
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const options: uPlot.Options = {
      width,
      height: heightFor(width),
      padding: [12, 16, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false },
        points: { size: 7 },
        dataIdx: (_, __, index) => index,
      },
      scales: {
        x: { time: false, range: (_, min, max) => (max > min ? [min, max] : [min - 1, max + 1]) },
        y: { range: (plot, _, most) => this.#range(plot, most) },
      },
      axes: chartAxes(width, this.#byTime, 44),
      series: [
        {},
        ...series.map((one, i): uPlot.Series => {
          const look = this.#looks[i];
          return {
            label: one.name,
            show: this.#isShown(look),
            stroke: colour(look?.property ?? "--ink"),
            width: look?.width ?? 1.5,
            points: { show: false },
            ...(look === undefined || look.dash.length === 0 ? {} : { dash: [...look.dash] }),
            ...(one.kind === "live" ? { fill: colour("--live-area") } : {}),
            ...(stepped === undefined ? {} : { paths: stepped }),
          };
        }),
        ...(picked === null ? [] : [pickedSeries(picked.look)]),
      ],
      hooks: {
        draw: [
          (plot) => drawMarks(plot, this.#data.marks, this.#byTime),
          (plot) => this.#drawBeside(plot),
        ],
        setCursor: [(plot) => this.#showValues(plot.cursor.idx ?? null)],
      },
    };
    const data: uPlot.AlignedData = [
      [...this.#xs],
      ...series.map(({ bytes }) => [...bytes]),
      ...(picked === null ? [] : [[...picked.bytes]]),
    ];
    return new uPlot(options, data, this.#box);
  }

  /** From 0, so that heights are comparable, to the maximum in view. */
  #range(plot: uPlot, mostOfSeries: number | null): [number, number] {
    const { min, max } = plot.scales.x ?? {};
    const samples = this.#samples().filter(({ x }) => x >= (min ?? x) && x <= (max ?? x));
    let most = Math.max(mostOfSeries ?? 0, ...samples.map(({ bytes }) => bytes));
    const { limit } = this.#data;
    if (limit !== null && this.#showsLimit && limit.bytes < FAR_ABOVE * most) {
      most = Math.max(most, limit.bytes);
    }
    return [0, most === 0 ? 1 : most * 1.06];
  }

  #samples(): { x: number; bytes: number }[] {
    if (!this.#buttons.showsSamples || this.#alone) {
      return [];
    }
    return this.#data.samples.flatMap(({ time, events, bytes }) => {
      const x = this.#byTime ? time : events;
      return x === null ? [] : [{ x, bytes }];
    });
  }

  /** Draws what is no series of uPlot: the container's limit and the measured RSS. */
  #drawBeside(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const scale = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    // A little wider, so that dots at the edges are complete.
    ctx.rect(bbox.left - 5 * scale, bbox.top, bbox.width + 10 * scale, bbox.height);
    ctx.clip();
    const { limit } = this.#data;
    if (limit !== null && this.#showsLimit) {
      const y = Math.round(plot.valToPos(limit.bytes, "y", true));
      ctx.strokeStyle = colour("--bad");
      ctx.fillStyle = colour("--bad");
      ctx.lineWidth = 1.5 * scale;
      ctx.setLineDash([6 * scale, 4 * scale]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.setLineDash([]);
      this.#label(plot, `limit ${size(limit.bytes)}`, y - 3);
    }
    ctx.fillStyle = colour("--measured");
    ctx.strokeStyle = colour("--paper");
    ctx.lineWidth = scale;
    for (const { x, bytes } of this.#samples()) {
      ctx.beginPath();
      ctx.arc(
        plot.valToPos(x, "x", true),
        plot.valToPos(bytes, "y", true),
        3.5 * scale,
        0,
        2 * Math.PI,
      );
      ctx.fill();
      ctx.stroke();
    }
    ctx.restore();
  }

  /** Writes a text at the right edge, on a halo: series may pass behind it. */
  #label({ ctx, bbox }: uPlot, text: string, y: number): void {
    const scale = devicePixelRatio;
    const x = bbox.left + bbox.width - 6 * scale;
    ctx.textAlign = "right";
    ctx.textBaseline = "bottom";
    ctx.font = chartFont().replace("12px", `${12 * scale}px`);
    ctx.strokeStyle = colour("--paper");
    ctx.lineWidth = 4 * scale;
    ctx.lineJoin = "round";
    ctx.strokeText(text, x, y);
    ctx.fillText(text, x, y);
  }

  /** Called when a series is toggled. */
  #show(): void {
    this.#looks.forEach((look, i) => {
      const show = this.#isShown(look);
      if (this.#plot.series[i + 1]?.show !== show) {
        this.#plot.setSeries(i + 1, { show });
      }
    });
    this.#zoom(null, null);
  }

  /** For other colours, or another axis. */
  #redraw(keepsZoom = true): void {
    const { min, max } = this.#plot.scales.x ?? {};
    this.#plot.destroy();
    this.#plot = this.#draw();
    if (keepsZoom && min != null && max != null) {
      this.#zoom(min, max);
    }
  }

  /** Shows min..max of the axis; null: unchanged. */
  #zoom(min: number | null, max: number | null): void {
    const { x } = this.#plot.scales;
    this.#plot.setScale("x", { min: min ?? x?.min ?? 0, max: max ?? x?.max ?? 0 });
  }

  #zoomBy(factor: number): void {
    const xs = this.#xs;
    const [first, last] = [xs[0] ?? 0, xs.at(-1) ?? 0];
    const { min, max } = this.#plot.scales.x ?? {};
    if (min == null || max == null) {
      return;
    }
    const at = this.#plot.cursor.idx;
    const centre = at == null ? (min + max) / 2 : (xs[at] ?? min);
    const half = Math.max(((max - min) / 2) * factor, (last - first) / 5000);
    const from = Math.max(first, Math.min(centre - half, last - 2 * half));
    this.#zoom(from, Math.min(last, from + 2 * half));
  }

  #reset(): void {
    const xs = this.#xs;
    this.#zoom(xs[0] ?? 0, xs.at(-1) ?? 0);
  }

  #wireButtons(): void {
    find("zoom-in", HTMLButtonElement)?.addEventListener("click", () => this.#zoomBy(0.5));
    find("zoom-out", HTMLButtonElement)?.addEventListener("click", () => this.#zoomBy(2));
    find("zoom-reset", HTMLButtonElement)?.addEventListener("click", () => this.#reset());
    const axis = find("axis", HTMLButtonElement);
    if (axis !== null && this.#data.time !== null) {
      axis.hidden = false;
      const label = (): void => setText(axis, this.#byTime ? "By events" : "By time");
      label();
      axis.addEventListener("click", () => {
        this.#byTime = !this.#byTime;
        label();
        this.#note();
        this.#redraw(false);
      });
    }
    this.#note();
  }

  #note(): void {
    const axis = this.#byTime
      ? "Time since the first event."
      : this.#data.time === null
        ? "Events of the log, which has no steady clock."
        : "Events of the log.";
    const picked =
      this.#picked === null ? "" : " Dots: what was live at that moment; lines only join them.";
    const marked = this.#data.marks === undefined ? "" : " Dotted lines: marks of the log.";
    setText(
      find("timeline-note", HTMLElement),
      `${axis} Each point is the maximum over its events; the last point is the end of the run.${marked}${picked} Drag to zoom in, double-click to reset.`,
    );
  }

  #wireKeys(): void {
    this.#box.addEventListener("keydown", (event) => {
      const key = KEYS[event.key];
      if (key === undefined || event.ctrlKey || event.metaKey || event.altKey) {
        return;
      }
      event.preventDefault();
      if (key === "in") {
        this.#zoomBy(0.5);
      } else if (key === "out") {
        this.#zoomBy(2);
      } else if (key === "reset") {
        this.#reset();
      } else {
        this.#move(key * (event.shiftKey ? 10 : 1));
      }
    });
    this.#box.addEventListener("blur", () => this.#plot.setCursor({ left: -10, top: -10 }));
  }

  /** Moves the cursor by `points`, within the view. */
  #move(points: number): void {
    const xs = this.#xs;
    const { min, max } = this.#plot.scales.x ?? {};
    const now = this.#plot.cursor.idx ?? null;
    const wanted = now === null ? (points > 0 ? 0 : xs.length - 1) : now + points;
    const inView = xs
      .map((x, i) => ({ x, i }))
      .filter(({ x }) => x >= (min ?? 0) && x <= (max ?? 0));
    const first = inView[0]?.i ?? 0;
    const last = inView.at(-1)?.i ?? xs.length - 1;
    const at = Math.min(last, Math.max(first, wanted));
    this.#plot.setCursor({ left: this.#plot.valToPos(xs[at] ?? 0, "x"), top: 10 });
    setText(find("chart-status", HTMLElement), this.#description(at));
  }

  #description(point: number): string {
    const values = this.#looks.flatMap((look, i) =>
      this.#isShown(look) ? [`${look.name} ${size(this.#data.series[i]?.bytes[point] ?? 0)}`] : [],
    );
    if (this.#picked !== null) {
      values.push(`${this.#picked.look.name} ${this.#pickedValue(point)}`);
    }
    return `${this.#place(point)}: ${values.join(", ")}`;
  }

  #place(point: number): string {
    const x = this.#xs[point] ?? 0;
    return this.#byTime ? duration(x) : `event ${count(x)}`;
  }

  /** Shows the values at a point; null: at the end. */
  #showValues(point: number | null): void {
    const last = this.#xs.length - 1;
    const where = point === null || point === last ? "at the end" : `at ${this.#place(point)}`;
    this.#buttons.showValues(
      where,
      this.#data.series.map(({ bytes }) => size(bytes[point ?? last] ?? 0)),
      this.#pickedValue(point ?? last),
    );
  }

  #pickedValue(point: number): string {
    const value = lastKnown(this.#picked?.bytes ?? [], point);
    return value === null ? "" : size(value);
  }
}

const KEYS: Readonly<Record<string, "in" | "out" | "reset" | number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  "+": "in",
  "=": "in",
  "-": "out",
  "0": "reset",
  Escape: "reset",
};
