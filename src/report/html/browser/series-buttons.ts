import { size } from "../../wording/format.ts";
import type { TimelineData } from "../page-data.ts";
import { settingsOf } from "../scenario-name.ts";
import { element, find, setText } from "./dom.ts";

/** How a series is drawn. */
export interface Look {
  readonly name: string;
  /** the custom property of its colour */
  readonly property: string;
  readonly width: number;
  readonly dash: readonly number[];
  shown: boolean;
}

/** Colours that red-green colour-blind readers can distinguish; beyond them, dashes differ. */
const COLOURS = 6;
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
/** What-ifs shown at first: more lines are hard to distinguish. */
const SHOWN_AT_FIRST = 4;

export function looks({ series }: TimelineData): Look[] {
  let scenarios = 0;
  return series.map(({ name, kind }) => {
    switch (kind) {
      case "live":
        return { name, property: "--live", width: 1, dash: [], shown: true };
      case "inUse":
        return { name, property: "--in-use", width: 1.5, dash: [3, 3], shown: true };
      case "rss":
        return scenarioLook(name, scenarios++);
      default:
        return kind satisfies never;
    }
  });
}

/** `nth`: 0 is the recorded run */
function scenarioLook(name: string, nth: number): Look {
  if (nth === 0) {
    return { name: `RSS ${name}`, property: "--s0", width: 2.5, dash: [], shown: true };
  }
  const whatIf = nth - 1;
  return {
    name,
    property: `--s${1 + (whatIf % COLOURS)}`,
    width: 1.5,
    dash: DASHES[Math.floor(whatIf / COLOURS) % DASHES.length] ?? [],
    shown: whatIf < SHOWN_AT_FIRST,
  };
}

/** The legend: one button per series, which toggles it, and its value at the cursor. */
export class SeriesButtons {
  readonly #values: HTMLElement[] = [];
  readonly #where = element("span", "where");
  readonly #box = find("series", HTMLElement);
  /** the buttons of what was picked, and its value */
  #picked: { readonly buttons: readonly HTMLElement[]; readonly value: HTMLElement } | null = null;
  showsLimit: boolean;
  showsSamples: boolean;

  constructor(all: readonly Look[], changed: () => void, { limit, samples }: TimelineData) {
    const box = this.#box;
    this.showsLimit = limit !== null;
    this.showsSamples = samples.length > 0;
    for (const look of all) {
      const value = element("span", "value");
      this.#values.push(value);
      const key = keyOf(look);
      box?.append(
        this.#button(key, look.name, value, look.shown, (shown) => {
          look.shown = shown;
          changed();
        }),
      );
    }
    if (samples.length > 0) {
      const key = element("span", "dot");
      const value = element("span", "fixed", String(samples.length));
      box?.append(
        this.#button(key, "measured RSS", value, true, (shown) => {
          this.showsSamples = shown;
          changed();
        }),
      );
    }
    if (limit !== null) {
      const key = element("span", "limit-key");
      const value = element("span", "fixed", size(limit.bytes));
      box?.append(
        this.#button(key, limit.name, value, true, (shown) => {
          this.showsLimit = shown;
          changed();
        }),
      );
    }
    box?.append(this.#where);
  }

  /** Adds the buttons of what was picked, in place of those of what was picked before. */
  showPicked(
    look: Look,
    alone: boolean,
    on: { readonly remove: () => void; readonly showAlone: (alone: boolean) => void },
  ): void {
    this.removePicked();
    const value = element("span", "value");
    const remove = element("button", "", "×");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove ${look.name}`);
    remove.addEventListener("click", on.remove);
    const only = this.#button(keyOf(look), look.name, value, alone, (isAlone) => {
      this.#box?.classList.toggle("alone", isAlone);
      on.showAlone(isAlone);
    });
    only.title = "Show it alone";
    only.className = "picked";
    remove.className = "picked close";
    this.#box?.classList.toggle("alone", alone);
    this.#picked = { buttons: [only, remove], value };
    this.#where.before(only, remove);
  }

  removePicked(): void {
    for (const button of this.#picked?.buttons ?? []) {
      button.remove();
    }
    this.#picked = null;
    this.#box?.classList.remove("alone");
  }

  /** Shows the values of the series, in their order, and the place they belong to. */
  showValues(where: string, values: readonly string[], picked: string): void {
    this.#where.textContent = where;
    setText(this.#picked?.value ?? null, picked);
    values.forEach((text, i) => {
      const value = this.#values[i];
      if (value !== undefined) {
        value.textContent = text;
      }
    });
  }

  #button(
    key: Element,
    name: string,
    value: HTMLElement,
    shown: boolean,
    show: (shown: boolean) => void,
  ): HTMLButtonElement {
    const button = element("button");
    button.type = "button";
    button.setAttribute("aria-pressed", String(shown));
    const label = element("span", "name");
    label.append(...settingsOf(name).map((setting) => element("span", "setting", setting)));
    button.append(key, label, value);
    button.addEventListener("click", () => {
      const pressed = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(pressed));
      show(pressed);
    });
    return button;
  }
}

const SVG = "http://www.w3.org/2000/svg";

/** A sample of the line. */
function keyOf({ property, width, dash }: Look): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 10");
  svg.setAttribute("class", "line-key");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "line");
  for (const [name, at] of Object.entries({ x1: 1, x2: 23, y1: 5, y2: 5 })) {
    line.setAttribute(name, String(at));
  }
  line.style.stroke = `var(${property})`;
  line.style.strokeWidth = String(Math.max(width, 2));
  line.style.strokeDasharray = dash.join(" ");
  svg.append(line);
  return svg;
}
