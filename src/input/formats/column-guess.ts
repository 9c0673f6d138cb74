import { Op } from "../../trace/event.ts";
import type { FieldRole } from "./field-names.ts";
import { callNamed, numberOf, pointerOf } from "./named-call.ts";
import { opNamed } from "./record-ops.ts";

/** No process has blocks below this (vm.mmap_min_addr). */
const LEAST_ADDRESS = 65_536;

/** Highest thread id of Linux: PID_MAX_LIMIT. */
const MAX_TID = 2 ** 22;

/**
 * What the columns of a table without names are, by how their values behave; null if it has no calls. The operation is a
 * column of names; pointers are hexadecimal or aligned addresses; a time has a fraction or rises to the end; a thread's id
 * is a small number of few values that frees have, too; what is left is the size.
 */
export function guessedRoles(rows: readonly (readonly string[])[]): FieldRole[] | null {
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, n) => rows.map((row) => row[n] ?? ""));
  const op = columns.findIndex(
    (cells) => cells.filter((cell) => opOf(cell) !== null).length * 2 > rows.length,
  );
  const ops = columns[op]?.map(opOf) ?? [];
  const isFree = ops.map((one) => one === Op.free);
  const roles: FieldRole[] = columns.map((_, n) => (n === op ? "op" : "other"));
  const free = (): number[] => roles.flatMap((role, n) => (role === "other" ? [n] : []));
  const take = (role: FieldRole, n: number | undefined): void => {
    if (n !== undefined) {
      roles[n] = role;
    }
  };
  take(
    "time",
    free().find((n) => isTime(columns[n] ?? [])),
  );
  const pointers = free().filter((n) => arePointers(columns[n] ?? []));
  // realloc's old block is missing in other calls.
  const [pointer, old] = pointers.sort((a, b) => filled(columns[b]) - filled(columns[a]) || a - b);
  take("pointer", pointer);
  take("old", old);
  const isSize = (n: number): boolean =>
    (columns[n] ?? []).every(
      (cell, row) =>
        cell === "" ||
        cell === "0" ||
        /^(?:0x[\da-f]+|\d+|-1)$/i.test(cell) ||
        (isFree[row] ?? false),
    );
  const numbers = free().filter(isSize);
  const tid = numbers.find((n) => isThread(columns[n] ?? [], isFree));
  take("tid", numbers.length > 1 ? tid : undefined);
  take(
    "size",
    numbers.find((n) => n !== tid || numbers.length === 1),
  );
  const hasCalls =
    op >= 0 && pointer !== undefined && (roles.includes("size") || isFree.every(Boolean));
  return hasCalls ? roles : null;
}

function opOf(cell: string): Op | null {
  return opNamed(cell) ?? callNamed(cell)?.op ?? null;
}

function filled(cells: readonly string[] = []): number {
  return cells.filter((cell) => cell !== "" && numberOf(cell) !== 0).length;
}

function arePointers(cells: readonly string[]): boolean {
  const given = cells.filter((cell) => cell !== "" && numberOf(cell) !== 0);
  return (
    given.length > 0 &&
    given.every((cell) => pointerOf(cell) >= LEAST_ADDRESS && pointerOf(cell) % 8 === 0) &&
    given.some((cell) => /^0x/i.test(cell) || cell.length > 9)
  );
}

function isTime(cells: readonly string[]): boolean {
  if (cells.every((cell) => /^(?:\d{4}-\d\d-\d\d[T ])?\d+:\d\d:\d\d|^\d+\.\d+$/.test(cell))) {
    return true;
  }
  const numbers = cells.map(Number);
  const rises = numbers.every((number, i) => i === 0 || number >= (numbers[i - 1] ?? 0));
  return (
    numbers.length > 2 &&
    rises &&
    numbers.every((number) => number > MAX_TID) &&
    new Set(numbers).size > 1
  );
}

function isThread(cells: readonly string[], isFree: readonly boolean[]): boolean {
  const values = new Set(cells);
  const ofFrees = cells.filter((_, row) => isFree[row]);
  return (
    values.size * 2 <= Math.max(2, cells.length) &&
    cells.every((cell) => /^\d+$/.test(cell) && Number(cell) <= MAX_TID) &&
    ofFrees.every((cell) => cell !== "0")
  );
}
