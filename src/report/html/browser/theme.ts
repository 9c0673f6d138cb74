import { find } from "./dom.ts";

/**
 * Light or dark: the system's choice until the button is pressed; paper is always light. Canvases do not follow the style
 * sheet: they are redrawn.
 */
const dark = matchMedia("(prefers-color-scheme: dark)");
const paper = matchMedia("print");
const redraws: (() => void)[] = [];

/** Calls `redraw` whenever the colours change. */
export function onThemeChange(redraw: () => void): void {
  redraws.push(redraw);
}

/** The current value of a custom property, as a CSS colour. */
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
