import { byteUnit, duration, exact, inUnit, percent, size } from "../../wording/format.ts";
import { LAYERS } from "../cause-layers.ts";
import type { CausesData } from "../causes-data.ts";
import type { TimelineData } from "../page-data.ts";
import { layersOf } from "./cause-layers-of.ts";
import { CauseStack } from "./cause-stack.ts";
import { element, find, setText } from "./dom.ts";

/** Fewer moments are no course: the end and the peak are in the table. */
const MIN_MOMENTS = 4;

/** Why memory was resident at the moment that is chosen: a bar of causes, and a column of the table. */
export class Composition {
  readonly #data: CausesData;
  readonly #timeline: TimelineData | null;
  readonly #layers: readonly (readonly number[])[];
  readonly #stack: CauseStack | null;
  readonly #buttons = new Map<number, HTMLButtonElement>();

  constructor(data: CausesData, timeline: TimelineData | null) {
    this.#data = data;
    this.#timeline = timeline;
    this.#layers = layersOf(data);
    const { moments } = data;
    const chart = find("cause-chart", HTMLElement);
    const isCourse = timeline !== null && chart !== null && moments.length >= MIN_MOMENTS;
    if (isCourse) {
      chart.hidden = false;
    }
    this.#stack = isCourse ? new CauseStack(data, timeline, chart, (at) => this.#show(at)) : null;
    setText(
      find("cause-note", HTMLElement),
      isCourse
        ? `Known at the ${exact(moments.length)} moments that are marked at the foot; colours only join them. The line is RSS. Click a moment to see its causes.`
        : "",
    );
    this.#makeButtons();
    this.#show(moments.length - 1);
  }

  #makeButtons(): void {
    const box = find("cause-moments", HTMLElement);
    const { moments } = this.#data;
    if (!moments.some(({ name }) => name === "peak")) {
      return;
    }
    moments.forEach(({ name }, moment) => {
      if (name === null) {
        return;
      }
      const button = element("button", "view", name === "end" ? "At the end" : "At the peak");
      button.type = "button";
      button.addEventListener("click", () => this.#show(moment));
      this.#buttons.set(moment, button);
      box?.append(button);
    });
  }

  #show(moment: number): void {
    for (const [of, button] of this.#buttons) {
      button.setAttribute("aria-pressed", String(of === moment));
    }
    this.#stack?.mark(moment);
    const where = this.#where(moment);
    const words = this.#showBar(moment, where);
    setText(find("cause-status", HTMLElement), words);
    this.#showColumn(moment, where);
  }

  #where(moment: number): string {
    const { name, point } = this.#data.moments[moment] ?? { name: null, point: 0 };
    if (name !== null) {
      return `at the ${name}`;
    }
    const time = this.#timeline?.time?.[point];
    return time === undefined
      ? `at event ${exact(this.#timeline?.events[point] ?? 0)}`
      : `at ${duration(time)}`;
  }

  /** Returns the bar in words. */
  #showBar(moment: number, where: string): string {
    const bar = find("cause-bar", HTMLElement);
    const parts = LAYERS.map((layer, i) => ({ ...layer, bytes: this.#layers[i]?.[moment] ?? 0 }));
    const all = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    const shown = parts.filter(({ bytes }) => bytes > 0);
    const inWords = ({ words, bytes }: (typeof shown)[number]): string =>
      `${words} ${size(bytes)} (${percent(bytes / all)})`;
    const words = `RSS ${size(all)} ${where}: ${shown.map(inWords).join(", ")}`;
    if (bar === null) {
      return words;
    }
    bar.hidden = all === 0;
    bar.setAttribute("aria-label", words);
    bar.replaceChildren(
      ...shown.map((part) => {
        const made = element("span", `swatch ${part.key}`);
        made.style.flexGrow = String(part.bytes / all);
        made.title = inWords(part);
        return made;
      }),
    );
    return words;
  }

  /** The column for a moment that has none of its own, in the unit of the others. */
  #showColumn(moment: number, where: string): void {
    const { moments } = this.#data;
    const causes: readonly string[] = this.#data.causes;
    const sum = (bytes: readonly number[]): number => bytes.reduce((all, one) => all + one, 0);
    const named = moments.filter(({ name }) => name !== null);
    const unit = byteUnit(named.flatMap(({ bytes }) => [...bytes, sum(bytes)]));
    const { name = null, bytes = [] } = moments[moment] ?? {};
    for (const cell of document.querySelectorAll<HTMLElement>("table.causes .picked")) {
      cell.hidden = name !== null;
      const { cause } = cell.dataset;
      if (cause === undefined) {
        cell.replaceChildren(where, element("span", "unit", unit.name));
        continue;
      }
      const value = cause === "sum" ? sum(bytes) : (bytes[causes.indexOf(cause)] ?? 0);
      cell.textContent = inUnit(unit, value);
    }
  }
}
