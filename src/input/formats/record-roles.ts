import { Op } from "../../trace/event.ts";
import type { Record } from "./records.ts";

/** What the numbers of a record are, by their places; −1: there is none. */
export interface Roles {
  /** the block that the call returns, or frees */
  readonly pointer: number;
  /** the block that realloc takes */
  readonly old: number;
  readonly size: number;
  /** the number before the size that belongs to it: calloc's count, memalign's alignment */
  readonly first: number;
}

export interface RecordRoles {
  /** blocks are numbered: no number is an address */
  readonly areNumbers: boolean;
  /** for the report */
  readonly summary: string;
  of(record: Record): Roles;
}

/** No process has blocks below this (vm.mmap_min_addr). */
const LEAST_ADDRESS = 65_536;

/** Addresses of one process are at most so many times larger than others; sizes are smaller still. */
const ADDRESS_RANGE = 2 ** 20;

/** Returns what the numbers of records are, by how the first of them behave. */
export function rolesOf(records: readonly Record[]): RecordRoles {
  const greatest = records.reduce((most, { numbers }) => Math.max(most, ...numbers), 0);
  const least = Math.max(LEAST_ADDRESS, greatest / ADDRESS_RANGE);
  const frees = records.filter(({ op }) => op === Op.free);
  const areNumbers =
    areCounted(records) ||
    !(frees.length > 0 ? frees : records).some(({ numbers }) =>
      numbers.some((number) => number >= least && number % 8 === 0),
    );
  const isAddress = (column: number, among: readonly Record[]): boolean =>
    areNumbers
      ? column === 0
      : among.some(({ numbers }) => (numbers[column] ?? 0) >= least) &&
        among.every(({ numbers }) => (numbers[column] ?? 0) >= least || numbers[column] === 0);
  const known = new Map<string, Roles>();
  const of = (record: Record): Roles => {
    const { op, numbers } = record;
    const key = `${op} ${numbers.length}`;
    let found = known.get(key);
    if (found === undefined) {
      const alike = records.filter((one) => one.op === op && one.numbers.length === numbers.length);
      found = rolesAmong(record, alike.length === 0 ? [record] : alike, isAddress, records);
      known.set(key, found);
    }
    return found;
  };
  const example = records.find(({ op }) => op === Op.malloc) ?? records[0];
  const { pointer, size } = example === undefined ? NO_ROLES : of(example);
  const order = pointer < size ? "pointer, size" : "size, pointer";
  return {
    areNumbers,
    summary: areNumbers
      ? "numbers after the operation: the block's own number, then its size"
      : `numbers after the operation, by their values: ${order}`,
    of,
  };
}

/** True if new blocks have the numbers 0, 1, 2 …: what stands behind them are sizes, however large. */
function areCounted(records: readonly Record[]): boolean {
  const made = records.filter(({ op }) => op !== Op.free && op !== Op.realloc);
  return (
    made.length > 0 && made.every(({ numbers }, i) => numbers.length === 2 && numbers[0] === i)
  );
}

const NO_ROLES: Roles = { pointer: 0, old: -1, size: 1, first: -1 };

function rolesAmong(
  { op, numbers }: Record,
  among: readonly Record[],
  isAddress: (column: number, among: readonly Record[]) => boolean,
  all: readonly Record[],
): Roles {
  const columns = numbers.map((_, column) => column);
  const addresses = columns.filter((column) => isAddress(column, among));
  const [first = -1, second = -1] = addresses;
  // A hook may print all fields for each operation: those that it does not have are 0.
  const isEmpty = (column: number): boolean => among.every(({ numbers: all }) => all[column] === 0);
  const others = columns.filter((column) => !addresses.includes(column));
  const given = others.filter((column) => !isEmpty(column));
  const rest = given.length === 0 ? others : given;
  const hasTwo = op === Op.calloc || op === Op.memalign;
  const [one = -1, other = -1] = rest;
  const sizes = hasTwo && other >= 0 ? { first: one, size: other } : { first: -1, size: one };
  if (op !== Op.realloc) {
    return { pointer: first, old: -1, ...sizes };
  }
  if (second < 0) {
    // The block keeps its number.
    return { pointer: first, old: first, ...sizes };
  }
  const isOldFirst = oldIsFirst(all, first, second) ?? sizes.size < second;
  return isOldFirst
    ? { pointer: second, old: first, ...sizes }
    : { pointer: first, old: second, ...sizes };
}

/**
 * True if realloc's first address is that of the block it takes: of two addresses, one was live before. Null: the
 * records do not show it.
 */
function oldIsFirst(records: readonly Record[], first: number, second: number): boolean | null {
  const live = new Set<number>();
  let votes = 0;
  for (const { op, numbers } of records) {
    const addresses = numbers.filter((number) => number >= LEAST_ADDRESS);
    if (op === Op.free) {
      for (const address of addresses) {
        live.delete(address);
      }
      continue;
    }
    const [a, b] = [numbers[first] ?? 0, numbers[second] ?? 0];
    if (op === Op.realloc && a !== b) {
      votes += (live.has(a) ? 1 : 0) - (live.has(b) ? 1 : 0);
    }
    for (const address of addresses) {
      live.add(address);
    }
  }
  return votes === 0 ? null : votes > 0;
}
