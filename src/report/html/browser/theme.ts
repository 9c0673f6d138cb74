import { find } from "./dom.ts";

/**
 * Light or dark: as the system has it, until the button says otherwise. Paper is always light. What is drawn on a canvas
 * does not follow the style sheet by itself: it is drawn anew.
 */
const dark = matchMedia("(prefers-color-scheme: dark)");
const paper = matchMedia("print");
const redraws: (() => void)[] = [];

/** Calls `redraw` whenever the colours are others. */
export function onThemeChange(redraw: () => void): void {
  redraws.push(redraw);
}

/** What a custom property of the style sheet comes to at present, as a CSS colour. */
export function colour(property: string): string {
  probe.style.color = `var(${property})`;
  return getComputedStyle(probe).color;
}

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

function changed(): void {
  for (const redraw of redraws) {
    redraw();
  }
}

export function startTheme(): void {
  const root = document.documentElement;
  const button = find("theme", HTMLButtonElement);
  const isDark = (): boolean =>
    (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const label = (): void => {
    if (button !== null) {
      button.textContent = isDark() ? "Light theme" : "Dark theme";
    }
  };
  button?.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    label();
    changed();
  });
  for (const query of [dark, paper]) {
    query.addEventListener("change", () => {
      label();
      changed();
    });
  }
  label();
  if (button !== null) {
    button.hidden = false;
  }
}
