import type { FlameKey } from "../../flame.ts";
import { percent, size } from "../../wording/format.ts";
import type { FlameData } from "../flame-data.ts";
import { element, find, setText } from "./dom.ts";
import { type FlameNode, flamePlaces, flameTree, pathOf } from "./flame-tree.ts";

/** Pixels of a row, and of the narrowest frame that is drawn and of the narrowest with a name. */
const ROW = 26;
const LEAST = 1.5;
const LEAST_NAMED = 28;

/**
 * Threads, below them their call sites, below these the sizes: each as wide as what it allocated. A press on a frame gives
 * it the whole width.
 */
export class FlameGraph {
  readonly #data: FlameData;
  readonly #box: HTMLElement;
  #key: FlameKey;
  #root: FlameNode;
  #zoomed: FlameNode;
  #selected: FlameNode;
  readonly #frames = new Map<FlameNode, HTMLElement>();

  constructor(data: FlameData, key: FlameKey, box: HTMLElement) {
    this.#data = data;
    this.#box = box;
    this.#key = key;
    this.#root = flameTree(data, key);
    this.#zoomed = this.#root;
    this.#selected = this.#root;
    box.addEventListener("keydown", (event) => this.#onKey(event));
    let width = 0;
    new ResizeObserver(() => {
      if (box.clientWidth !== width) {
        width = box.clientWidth;
        this.#draw();
      }
    }).observe(box);
    this.#draw();
  }

  /** Shows other bytes. */
  show(key: FlameKey): void {
    if (key === this.#key) {
      return;
    }
    this.#key = key;
    this.#root = flameTree(this.#data, key);
    this.#zoom(this.#root);
  }

  #zoom(node: FlameNode): void {
    this.#zoomed = node;
    this.#selected = node;
    this.#draw();
  }

  #draw(): void {
    const width = this.#box.clientWidth;
    this.#frames.clear();
    if (width === 0) {
      return;
    }
    const places = flamePlaces(this.#zoomed, LEAST / width);
    const depth = Math.max(...places.map(({ node }) => node.depth));
    this.#box.style.height = `${(depth + 1) * ROW}px`;
    this.#box.replaceChildren(
      ...places.map(({ node, from, width: share }, i) => {
        const isNarrow = node.parent?.children.includes(node) === false;
        const text = share * width < LEAST_NAMED ? "" : this.#label(node);
        const frame = element(
          "div",
          `frame depth${node.depth} ${i % 2 === 0 ? "even" : "odd"}`,
          text,
        );
        frame.style.left = `${from * 100}%`;
        frame.style.width = `${share * 100}%`;
        frame.style.top = `${node.depth * ROW}px`;
        if (isNarrow) {
          frame.classList.add("narrow");
        } else {
          frame.addEventListener("click", () => this.#zoom(node));
        }
        frame.addEventListener("pointerenter", () => this.#describe(node));
        frame.addEventListener("pointerleave", () => this.#describe(this.#selected));
        this.#frames.set(node, frame);
        return frame;
      }),
    );
    this.#mark();
  }

  #label(node: FlameNode): string {
    return `${node.parent === null ? "all" : node.name} ${size(node.bytes)}`;
  }

  #mark(): void {
    for (const [node, frame] of this.#frames) {
      frame.classList.toggle("selected", node === this.#selected && node.parent !== null);
    }
    this.#describe(this.#selected);
  }

  #describe(node: FlameNode): void {
    const path = node.parent === null ? "All" : pathOf(node).join(" › ");
    const of = node.parent === null ? "" : ` (${percent(node.bytes / this.#root.bytes)})`;
    setText(find("flame-status", HTMLElement), `${path}: ${size(node.bytes)}${of}`);
  }

  /** Left and right: frames of the same parent; up and down: the parent, the largest child. */
  #onKey(event: KeyboardEvent): void {
    const at = this.#selected;
    const siblings = at.parent?.children ?? [at];
    const beside = (step: number): FlameNode | null =>
      siblings[siblings.indexOf(at) + step] ?? null;
    const to: Readonly<Record<string, FlameNode | null>> = {
      ArrowLeft: beside(-1),
      ArrowRight: beside(1),
      ArrowUp: at.parent,
      ArrowDown: at.children[0] ?? null,
    };
    if (event.key in to) {
      event.preventDefault();
      const wanted = to[event.key] ?? null;
      if (wanted === null) {
        return;
      }
      if (this.#frames.has(wanted)) {
        this.#selected = wanted;
        this.#mark();
      } else {
        // Too narrow, or outside of what is zoomed.
        this.#zoom(wanted);
      }
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#zoom(at);
    } else if (event.key === "Escape") {
      this.#zoom(this.#root);
    }
  }
}
