import { FLAMES } from "../../flame.ts";
import type { FlameData } from "../flame-data.ts";
import { find } from "./dom.ts";
import { FlameGraph } from "./flame-graph.ts";

/** The flame graph and the buttons that choose its bytes. */
export function startFlames(data: FlameData): void {
  const box = find("flame", HTMLElement);
  const buttons = [...document.querySelectorAll<HTMLButtonElement>("button[data-flame]")];
  const keyOf = (button: HTMLButtonElement | undefined) =>
    FLAMES.find(({ key }) => key === button?.dataset.flame)?.key;
  const first = keyOf(buttons[0]);
  if (box === null || first === undefined) {
    return;
  }
  const graph = new FlameGraph(data, first, box);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const one of buttons) {
        one.setAttribute("aria-pressed", String(one === button));
      }
      graph.show(keyOf(button) ?? first);
    });
  }
}
