import { exact, plural } from "../../wording/format.ts";
import { element, find, setText } from "./dom.ts";

/** A column: the text of row `i`, and the value to sort it by. */
export interface SortableColumn {
  readonly key: string;
  /** `unit` is empty if it has none */
  readonly head: readonly [name: string, unit: string];
  readonly isText: boolean;
  /** the first press of the head sorts ascending; texts always do */
  readonly startsAscending?: true;
  readonly cell: (i: number) => string;
  readonly value: (i: number) => number | string;
}

export interface SortableRows {
  /** the table, its filter, count and button have ids that begin so, as in sections.ts */
  readonly id: string;
  readonly noun: string;
  /** the first one names the row */
  readonly columns: readonly SortableColumn[];
  /** what the filter searches, in lower case, one for each row */
  readonly texts: readonly string[];
  readonly sorted: string;
  readonly ascending: boolean;
  /** the order of rows with equal values */
  readonly tie: (a: number, b: number) => number;
  /** called with the row that is chosen, or −1; null where rows cannot be chosen */
  readonly onPick: ((row: number) => void) | null;
  readonly canPick: (row: number) => boolean;
}

/** Rows shown at first, and rows that the button adds: tables of many thousand rows are slow to lay out. */
const FIRST_ROWS = 50;
const MORE_ROWS = 500;

/** A table that is sorted by its heads and filtered. */
export class SortableTable {
  readonly #rows: SortableRows;
  readonly #body: HTMLTableSectionElement;
  readonly #heads: HTMLTableCellElement[] = [];
  readonly #more: HTMLButtonElement | null;
  #sorted: string;
  #ascending: boolean;
  #filter = "";
  #most: number;
  #picked = -1;

  constructor(rows: SortableRows, table: HTMLTableElement, firstRows = FIRST_ROWS) {
    this.#rows = rows;
    this.#most = firstRows;
    this.#body = table.tBodies[0] ?? table.createTBody();
    this.#more = find(`${rows.id}-more`, HTMLButtonElement);
    this.#sorted = rows.sorted;
    this.#ascending = rows.ascending;
    this.#makeHead(table.tHead ?? table.createTHead());
    find(`${rows.id}-filter`, HTMLInputElement)?.addEventListener("input", (event) => {
      if (!(event.target instanceof HTMLInputElement)) {
        return;
      }
      this.#filter = event.target.value.trim().toLowerCase();
      this.#fill();
    });
    this.#more?.addEventListener("click", () => {
      this.#most += MORE_ROWS;
      this.#fill();
    });
    this.#fill();
  }

  /** Marks a row as chosen; −1: none. */
  mark(row: number): void {
    if (row !== this.#picked) {
      this.#picked = row;
      this.#fill();
    }
  }

  #makeHead(head: HTMLTableSectionElement): void {
    const row = head.insertRow();
    for (const column of this.#rows.columns) {
      const cell = element("th", column.isText ? "text" : "num");
      cell.scope = "col";
      const button = element("button");
      button.type = "button";
      button.append(element("span", "name", column.head[0]));
      if (column.head[1] !== "") {
        button.append(element("span", "unit", column.head[1]));
      }
      button.addEventListener("click", () => this.#sortBy(column));
      cell.append(button);
      row.append(cell);
      this.#heads.push(cell);
    }
  }

  /** Another press reverses the order; numbers start with the largest. */
  #sortBy({ key, isText, startsAscending }: SortableColumn): void {
    this.#ascending = this.#sorted === key ? !this.#ascending : isText || startsAscending === true;
    this.#sorted = key;
    this.#fill();
  }

  #fill(): void {
    const { columns } = this.#rows;
    columns.forEach(({ key }, i) => {
      const order = this.#ascending ? "ascending" : "descending";
      const cell = this.#heads[i];
      if (key === this.#sorted) {
        cell?.setAttribute("aria-sort", order);
      } else {
        cell?.removeAttribute("aria-sort");
      }
    });
    const rows = this.#inOrder();
    const shown = rows.slice(0, this.#most);
    this.#body.replaceChildren(...shown.map((i) => this.#row(i)));
    this.#showCount(shown.length, rows.length);
  }

  #inOrder(): number[] {
    const { texts, columns, tie } = this.#rows;
    const rows = texts.map((_, i) => i).filter((i) => texts[i]?.includes(this.#filter));
    const column = columns.find(({ key }) => key === this.#sorted);
    if (column === undefined) {
      return rows;
    }
    const values = texts.map((_, i) => column.value(i));
    const sign = this.#ascending ? 1 : -1;
    return rows.sort((a, b) => {
      const [one, other] = [values[a] ?? 0, values[b] ?? 0];
      const order = one < other ? -1 : one > other ? 1 : 0;
      return sign * order || tie(a, b);
    });
  }

  #row(i: number): HTMLTableRowElement {
    const row = element("tr");
    this.#rows.columns.forEach(({ isText, cell }, column) => {
      const name = isText ? "text" : "num";
      const text = cell(i);
      if (column > 0) {
        const made = element("td", name, text);
        if (isText) {
          made.title = text;
        }
        row.append(made);
        return;
      }
      const head = element("th", name, this.#rows.onPick === null ? text : "");
      head.scope = "row";
      if (this.#rows.onPick !== null) {
        head.append(this.#nameOf(i, text, row));
      }
      row.append(head);
    });
    return row;
  }

  /** The name of a row that may be chosen: a button, if it can be. */
  #nameOf(i: number, text: string, row: HTMLTableRowElement): HTMLElement {
    if (!this.#rows.canPick(i)) {
      return element("span", "", text);
    }
    const button = element("button", "", text);
    button.type = "button";
    button.setAttribute("aria-pressed", String(i === this.#picked));
    row.className = i === this.#picked ? "pickable picked" : "pickable";
    row.addEventListener("click", () => {
      const picked = i === this.#picked ? -1 : i;
      this.mark(picked);
      this.#rows.onPick?.(picked);
    });
    return button;
  }

  #showCount(shown: number, found: number): void {
    const { id, noun, texts } = this.#rows;
    const all = plural(texts.length, noun);
    const of = found === texts.length ? all : `${exact(found)} of ${all}`;
    setText(
      find(`${id}-count`, HTMLElement),
      shown < found ? `${of}, the first ${exact(shown)} shown` : of,
    );
    if (this.#more === null) {
      return;
    }
    this.#more.hidden = shown >= found;
    this.#more.textContent = `Show ${exact(Math.min(MORE_ROWS, found - shown))} more`;
  }
}
