import { byteUnit, capitalized, count, plural, size } from "../../wording/format.ts";
import type { ArenaMaps, ScenarioMaps } from "../maps-data.ts";
import { binTable } from "./bin-table.ts";
import { element, find, setText } from "./dom.ts";
import { HeapCanvas } from "./heap-canvas.ts";
import { onThemeChange } from "./theme.ts";

/** Arenas drawn at first, those with the largest RSS; a button shows all. */
const FIRST_ARENAS = 12;
/** Threads listed per arena. */
const NAMED_THREADS = 8;

/** Heap maps of a scenario at its end, arena by arena. */
export class HeapMaps {
  readonly #scenarios: readonly ScenarioMaps[];
  readonly #box: HTMLElement;
  readonly #more = find("maps-more", HTMLButtonElement);
  #canvases: HeapCanvas[] = [];
  #scenario = 0;
  #showsAll = false;

  constructor(scenarios: readonly ScenarioMaps[], box: HTMLElement) {
    this.#scenarios = scenarios;
    this.#box = box;
    const pick = find("map-scenario", HTMLSelectElement);
    pick?.addEventListener("change", () => {
      this.#scenario = Number(pick.value);
      this.#fill();
    });
    this.#more?.addEventListener("click", () => {
      this.#showsAll = true;
      this.#fill();
    });
    let width = 0;
    new ResizeObserver(() => {
      if (box.clientWidth === width) {
        return;
      }
      width = box.clientWidth;
      this.#draw();
    }).observe(box);
    onThemeChange(() => this.#draw());
    this.#fill();
  }

  #fill(): void {
    const arenas = this.#scenarios[this.#scenario]?.arenas ?? [];
    const shown = this.#showsAll ? arenas : arenas.slice(0, FIRST_ARENAS);
    const pages = arenas[0]?.heaps[0]?.pagesPerCell ?? 1;
    setText(
      find("map-scale", HTMLElement),
      pages === 1
        ? "Each square is a page of 4 KiB; heaps start at the top left."
        : `Each square is ${plural(pages, "page")} (${size(pages * 4096)}), filled to the resident share; heaps start at the top left.`,
    );
    this.#canvases = [];
    this.#box.replaceChildren(...shown.map((arena) => this.#arena(arena)));
    if (this.#more !== null) {
      this.#more.hidden = shown.length === arenas.length;
      this.#more.textContent = `Show all ${count(arenas.length)} arenas`;
    }
    this.#draw();
  }

  #draw(): void {
    for (const canvas of this.#canvases) {
      canvas.draw(this.#box.clientWidth);
    }
  }

  #arena(arena: ArenaMaps): HTMLElement {
    const box = element("article", "arena");
    const name = arena.id === 0 ? "main arena" : `arena ${arena.id}`;
    const title = element("h3", "", capitalized(name));
    title.append(element("span", "facts", factsOf(arena)));
    box.append(title);
    for (const { words } of arena.pins) {
      box.append(element("p", "pin", `${capitalized(words)}.`));
    }
    arena.heaps.forEach((map, i) => {
      const which = arena.heaps.length === 1 ? name : `${name}, heap ${i + 1}`;
      const pin = arena.pins.find(({ heap }) => heap === i)?.words ?? null;
      const canvas = new HeapCanvas(map, which, pin);
      this.#canvases.push(canvas);
      box.append(canvas.canvas);
    });
    if (arena.bins.length > 0) {
      box.append(binTable(arena.bins, name));
    }
    return box;
  }
}

function factsOf({ rssBytes, inUseBytes, pinnedBytes, free, threads, heaps }: ArenaMaps): string {
  const freeBytes = free.reduce((sum, [, bytes]) => sum + bytes, 0);
  const unit = byteUnit([rssBytes, inUseBytes, freeBytes]);
  const kinds = [...free]
    .sort((a, b) => b[1] - a[1])
    .map(([kind, bytes]) => `${kind} ${size(bytes)}`)
    .join(", ");
  const tids = threads.slice(0, NAMED_THREADS).join(", ");
  const rest = threads.length > NAMED_THREADS ? ` and ${threads.length - NAMED_THREADS} more` : "";
  const facts = [
    `RSS ${size(rssBytes, unit)}`,
    `in use ${size(inUseBytes, unit)}`,
    `free ${size(freeBytes, unit)}${kinds === "" ? "" : ` (${kinds})`}`,
  ];
  if (pinnedBytes > 0) {
    facts.push(`pinned ${size(pinnedBytes)}`);
  }
  if (heaps.length > 1) {
    facts.push(plural(heaps.length, "heap"));
  }
  if (threads.length > 0) {
    facts.push(`thread${threads.length === 1 ? "" : "s"} ${tids}${rest}`);
  }
  return facts.join(" · ");
}
