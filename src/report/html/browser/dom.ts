/** The element with this id; null if the report has no data for it, so that the writer left it out. */
export function find<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind | null {
  const element = document.getElementById(id);
  return element instanceof kind ? element : null;
}

/** A new element; `text` becomes its text content, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = "",
  text = "",
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className !== "") {
    made.className = className;
  }
  if (text !== "") {
    made.textContent = text;
  }
  return made;
}

export function setText(target: HTMLElement | null, text: string): void {
  if (target !== null && target.textContent !== text) {
    target.textContent = text;
  }
}
