import { find } from "./dom.ts";

/** Buttons of a section of which one is pressed: its panel is shown, the others are not. `onShow`: called with its id. */
export function startViews(section: HTMLElement, onShow: (id: string) => void = () => {}): void {
  const buttons = [...section.querySelectorAll<HTMLButtonElement>("button[data-view]")];
  const show = (shown: HTMLButtonElement): void => {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button === shown));
      const panel = find(`${button.dataset.view}-panel`, HTMLElement);
      if (panel !== null) {
        panel.hidden = button !== shown;
      }
    }
    onShow(shown.dataset.view ?? "");
  };
  for (const button of buttons) {
    button.addEventListener("click", () => show(button));
  }
  const first = buttons.find((one) => one.getAttribute("aria-pressed") === "true") ?? buttons[0];
  if (first !== undefined) {
    show(first);
  }
}
