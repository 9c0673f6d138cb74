import { element } from "./dom.ts";

/** Milliseconds for which a button says that it has copied. */
const SHOWN_FOR = 2000;

/** Buttons that copy the text of their `data-copy`. */
export function startCopyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button.copy")) {
    button.hidden = false;
    const label = button.textContent ?? "";
    button.addEventListener("click", async () => {
      const text = button.dataset.copy ?? "";
      if (!((await copied(text)) || copiedBySelection(text))) {
        offer(button, text);
        return;
      }
      button.textContent = "Copied";
      setTimeout(() => {
        button.textContent = label;
      }, SHOWN_FOR);
    });
  }
}

/** False where the page has no clipboard, as in some browsers if it was opened from a file, or may not use it. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The old way, which also works without a secure context. */
function copiedBySelection(text: string): boolean {
  const before = document.activeElement;
  const field = selected(text);
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    if (before instanceof HTMLElement) {
      before.focus();
    }
  }
}

/** Neither way works: shows the text selected, so that a key copies it. */
function offer(button: HTMLButtonElement, text: string): void {
  const field = selected(text);
  field.className = "offered";
  field.setAttribute("aria-label", "Text to copy");
  button.replaceWith(field);
  field.focus();
  field.select();
}

function selected(text: string): HTMLInputElement {
  const field = element("input");
  field.value = text;
  field.readOnly = true;
  return field;
}
