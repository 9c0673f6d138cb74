import { exact, plural } from "../../format.ts";
import type { ThreadsData } from "../page-data.ts";
import { element, find, setText } from "./dom.ts";
import { type ThreadColumn, threadColumns } from "./sortable-columns.ts";

/** Rows shown at first, and rows that the button adds: tables of many thousand rows are slow to lay out. */
const FIRST_ROWS = 50;
const MORE_ROWS = 500;

/** Every thread of the log, sortable by column, filtered by tid, name and top frame. */
export class ThreadTable {
  readonly #threads: ThreadsData;
  readonly #columns: readonly ThreadColumn[];
  readonly #body: HTMLTableSectionElement;
  readonly #heads: HTMLTableCellElement[] = [];
  readonly #more = find("thread-more", HTMLButtonElement);
  /** the text that the filter searches, one per thread */
  readonly #texts: readonly string[];
  #sorted: string;
  #ascending: boolean;
  #filter = "";
  #most = FIRST_ROWS;

  constructor(threads: ThreadsData, table: HTMLTableElement) {
    this.#threads = threads;
    this.#columns = threadColumns(threads);
    this.#body = table.tBodies[0] ?? table.createTBody();
    this.#sorted = threads.sort.key;
    this.#ascending = threads.sort.ascending;
    const { tid, name, topFrame } = threads;
    this.#texts = tid.map((id, i) => `${id} ${name[i] ?? ""} ${topFrame[i] ?? ""}`.toLowerCase());
    this.#makeHead(table.tHead ?? table.createTHead());
    find("thread-filter", HTMLInputElement)?.addEventListener("input", (event) => {
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

  #makeHead(head: HTMLTableSectionElement): void {
    const row = head.insertRow();
    for (const column of this.#columns) {
      const cell = element("th", column.isText ? "" : "num");
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
  #sortBy({ key, isText }: ThreadColumn): void {
    const startsAscending = isText || key === "tid" || key === "first";
    this.#ascending = this.#sorted === key ? !this.#ascending : startsAscending;
    this.#sorted = key;
    this.#fill();
  }

  #fill(): void {
    this.#columns.forEach(({ key }, i) => {
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
    const { tid } = this.#threads;
    const rows = tid.map((_, i) => i).filter((i) => this.#texts[i]?.includes(this.#filter));
    const column = this.#columns.find(({ key }) => key === this.#sorted);
    if (column === undefined) {
      return rows;
    }
    const values = tid.map((_, i) => column.value(i));
    const sign = this.#ascending ? 1 : -1;
    return rows.sort((a, b) => {
      const [one, other] = [values[a] ?? 0, values[b] ?? 0];
      const order = one < other ? -1 : one > other ? 1 : 0;
      return sign * order || (tid[a] ?? 0) - (tid[b] ?? 0);
    });
  }

  #row(i: number): HTMLTableRowElement {
    const row = element("tr");
    for (const { key, isText, cell } of this.#columns) {
      const name = isText ? "text" : "num";
      if (key === "tid") {
        const head = element("th", name, cell(i));
        head.scope = "row";
        row.append(head);
      } else {
        const text = cell(i);
        const made = element("td", name, text);
        if (isText) {
          made.title = text;
        }
        row.append(made);
      }
    }
    return row;
  }

  #showCount(shown: number, found: number): void {
    const all = this.#threads.tid.length;
    const of =
      found === all ? plural(all, "thread") : `${exact(found)} of ${plural(all, "thread")}`;
    setText(
      find("thread-count", HTMLElement),
      shown < found ? `${of}, the first ${exact(shown)} shown` : of,
    );
    if (this.#more === null) {
      return;
    }
    this.#more.hidden = shown >= found;
    this.#more.textContent = `Show ${exact(Math.min(MORE_ROWS, found - shown))} more`;
  }
}
