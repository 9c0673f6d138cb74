import type { HeapMap } from "../../contract/report.ts";
import { element, find, setText } from "./dom.ts";
import { cellInWords, share, topmostCell } from "./heap-cells.ts";
import { colour } from "./theme.ts";

/** CSS pixels from one cell to the next, and of the gap in between. */
const PITCH = 9;
const GAP = 1;

/** The map of one heap, lowest page first, row by row. The pointer and the arrow keys select a cell to describe. */
export class HeapCanvas {
  readonly canvas = element("canvas");
  readonly #map: HeapMap;
  readonly #name: string;
  readonly #pin: string | null;
  #columns = 1;
  /** -1: none */
  #selected = -1;

  /** `pin`: what the topmost block of the heap holds, in words; null if it is no pin of the report */
  constructor(map: HeapMap, name: string, pin: string | null) {
    this.#map = map;
    this.#name = name;
    this.#pin = pin;
    const { canvas } = this;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-roledescription", "heap map");
    canvas.setAttribute(
      "aria-label",
      `${name}: ${summary(map)}.${pin === null ? "" : ` Pin: ${pin}.`} Arrow keys describe the cells.`,
    );
    canvas.addEventListener("pointermove", (event) => this.#select(this.#cellAt(event)));
    canvas.addEventListener("pointerdown", (event) => this.#select(this.#cellAt(event)));
    canvas.addEventListener("pointerleave", () => this.#select(-1));
    canvas.addEventListener("focus", () => {
      if (canvas.matches(":focus-visible")) {
        this.#select(Math.max(this.#selected, 0));
      }
    });
    canvas.addEventListener("blur", () => this.#select(-1));
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Draws the map at the width of its box. */
  draw(width: number): void {
    const { canvas } = this;
    const { resident, free } = this.#map;
    this.#columns = Math.max(8, Math.floor((width + GAP) / PITCH));
    const rows = Math.ceil(resident.length / this.#columns);
    const [wide, high] = [Math.min(this.#columns, resident.length) * PITCH, rows * PITCH];
    const scale = devicePixelRatio;
    canvas.width = Math.ceil(wide * scale);
    canvas.height = Math.ceil(high * scale);
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${high}px`;
    const context = canvas.getContext("2d");
    if (context === null) {
      return;
    }
    context.scale(scale, scale);
    const [absent, edge, ink] = [colour("--absent"), colour("--absent-edge"), colour("--ink")];
    const shades = Array.from({ length: 11 }, (_, tenth) => shade(tenth / 10));
    const topmost = topmostCell(this.#map);
    const side = PITCH - GAP;
    for (let cell = 0; cell < resident.length; cell++) {
      const x = (cell % this.#columns) * PITCH;
      const y = Math.floor(cell / this.#columns) * PITCH;
      const there = share(resident[cell]);
      if (there < 1) {
        context.fillStyle = edge;
        context.fillRect(x, y, side, side);
        context.fillStyle = absent;
        context.fillRect(x + 1, y + 1, side - 2, side - 2);
      }
      if (there > 0) {
        const high = Math.max(1, Math.round(side * there));
        context.fillStyle = shades[Math.round(share(free[cell]) * 10)] ?? absent;
        context.fillRect(x, y + side - high, side, high);
      }
      if (cell === topmost || cell === this.#selected) {
        context.strokeStyle = ink;
        context.lineWidth = cell === this.#selected ? 2 : 1.5;
        context.strokeRect(x + 0.75, y + 0.75, side - 1.5, side - 1.5);
      }
    }
    if (topmost >= 0 && this.#pin !== null) {
      this.#drawPin(context, topmost);
    }
    this.#width = width;
  }

  /** A ring around the cell, on a halo: it must be seen on cells of every colour. */
  #drawPin(context: CanvasRenderingContext2D, cell: number): void {
    const x = (cell % this.#columns) * PITCH;
    const y = Math.floor(cell / this.#columns) * PITCH;
    for (const [property, width] of [
      ["--paper", 4],
      ["--bad", 2],
    ] as const) {
      context.strokeStyle = colour(property);
      context.lineWidth = width;
      context.strokeRect(x, y, PITCH - GAP, PITCH - GAP);
    }
  }

  #width = 0;

  #cellAt({ offsetX, offsetY }: PointerEvent): number {
    const column = Math.floor(offsetX / PITCH);
    const cell = Math.floor(offsetY / PITCH) * this.#columns + column;
    return column < this.#columns && cell < this.#map.resident.length ? cell : -1;
  }

  #key(event: KeyboardEvent): void {
    const last = this.#map.resident.length - 1;
    const to: Readonly<Record<string, number>> = {
      ArrowLeft: this.#selected - 1,
      ArrowRight: this.#selected + 1,
      ArrowUp: this.#selected - this.#columns,
      ArrowDown: this.#selected + this.#columns,
      Home: 0,
      End: last,
    };
    const wanted = to[event.key];
    if (event.key === "Escape") {
      this.#select(-1);
    }
    if (wanted === undefined) {
      return;
    }
    event.preventDefault();
    this.#select(Math.min(last, Math.max(0, wanted)), true);
  }

  /** Marks a cell and describes it in the tip; `aloud`: also for screen readers. */
  #select(cell: number, aloud = false): void {
    if (cell === this.#selected) {
      return;
    }
    this.#selected = cell;
    this.draw(this.#width);
    const tip = find("tip", HTMLElement);
    if (tip === null) {
      return;
    }
    tip.hidden = cell < 0;
    if (cell < 0) {
      return;
    }
    const pin =
      this.#pin !== null && cell === topmostCell(this.#map) ? ` It is a pin: ${this.#pin}.` : "";
    const text = `${this.#name}, ${cellInWords(this.#map, cell)}${pin}`;
    setText(tip, text);
    if (aloud) {
      setText(find("map-status", HTMLElement), text);
    }
    const box = this.canvas.getBoundingClientRect();
    const x = box.left + (cell % this.#columns) * PITCH;
    const y = box.top + (Math.floor(cell / this.#columns) + 1) * PITCH + 6;
    tip.style.left = `${Math.max(8, Math.min(x, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
    const isBelow = y + tip.offsetHeight < innerHeight;
    tip.style.top = `${isBelow ? y : y - PITCH - tip.offsetHeight - 12}px`;
  }
}

/** The colour of a cell by its free share, 0..1. */
function shade(freeShare: number): string {
  if (freeShare === 0) {
    return colour("--full");
  }
  if (freeShare === 1) {
    return colour("--free");
  }
  const step = freeShare <= 0.35 ? 1 : freeShare <= 0.65 ? 2 : 3;
  return colour(`--part${step}`);
}

function summary({ pages, fullPages, partlyFreePages, freePages, absentPages }: HeapMap): string {
  return `${pages} pages, ${fullPages} full, ${partlyFreePages} partly free, ${freePages} all free, ${absentPages} not resident`;
}
