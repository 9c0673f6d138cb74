import type { ColumnEvidence, ColumnRole } from "../native/layout.ts";
import { FieldKind } from "./fields.ts";
import { areProcessAndThread, countsLines, NEAR } from "./pid-column.ts";
import type { Field } from "./sample-lines.ts";
import { areThreadNames } from "./thread-column.ts";
import { epochUnit } from "./time-unit.ts";

export interface ShownRole {
  readonly role: ColumnRole;
  readonly by: ColumnEvidence;
}

/** glibc aligns a thread's struct pthread, whose address is its handle, to this at least; return addresses are not. */
const HANDLE_ALIGNMENT = 64;

/** malloc aligns its blocks to this; return addresses are not aligned. */
const BLOCK_ALIGNMENT = 16;

/** The point of `1.5` may be that of a time: ids of processes are rarely so small. */
const LEAST_ID = 100;

/** Largest priority of a line in syslog's protocol. */
const MAX_PRIORITY = 191;

/** A thread writes its own lines in the order of their times, except where the clock is set back. */
const MOST_FALLS = 0.1;

/** The base of a column's numbers that have no 0x. */
export function baseOf(values: readonly Field[]): 10 | 16 {
  return values.some(({ text, kind }) => kind === FieldKind.number && /[a-f]/i.test(text))
    ? 16
    : 10;
}

/** 0 for nil, and for a text. */
export function numbersOf(values: readonly Field[]): number[] {
  const base = baseOf(values);
  return values.map(({ text, kind }) => {
    const value = Number(kind === FieldKind.number && base === 16 ? `0x${text}` : text);
    return Number.isNaN(value) ? 0 : value;
  });
}

/**
 * What each column is, by how its values behave: the columns of lines of one form, in the order of lines. `before` stand
 * before the call, `after` behind it, where only a word or their form says what they are. A log has at most one column of
 * each role but "other".
 */
export function columnRoles(
  before: readonly (readonly Field[])[],
  after: readonly (readonly Field[])[] = [],
): ShownRole[] {
  return new Roles(before, after).shown;
}

class Roles {
  readonly shown: ShownRole[];
  readonly #columns: readonly (readonly Field[])[];
  readonly #numbers: readonly (readonly number[])[];
  /** columns before the call */
  readonly #before: number;

  constructor(before: readonly (readonly Field[])[], after: readonly (readonly Field[])[]) {
    this.#columns = [...before, ...after];
    this.#numbers = this.#columns.map(numbersOf);
    this.#before = before.length;
    this.shown = this.#columns.map(() => ({ role: "other", by: "form" }));
    this.#takeNamed();
    this.#findBothIds();
    this.#findCaller();
    this.#findTime();
    this.#findIds();
    this.#findNames();
  }

  #has(role: ColumnRole): boolean {
    return this.shown.some((one) => one.role === role);
  }

  #give(role: ColumnRole, by: ColumnEvidence, at: number | undefined): void {
    if (at !== undefined && at >= 0 && !this.#has(role)) {
      this.shown[at] = { role, by };
    }
  }

  /** Columns without a role that are `accepted`, before the call or everywhere. */
  #free(accepts: (values: readonly Field[], at: number) => boolean, end = this.#before): number[] {
    return this.#columns.flatMap((values, at) =>
      at < end && this.shown[at]?.role === "other" && accepts(values, at) ? [at] : [],
    );
  }

  #takeNamed(): void {
    for (const [at, values] of this.#columns.entries()) {
      const role = values[0]?.named ?? null;
      if (role !== null && values.every(({ named }) => named === role) && fitsRole(values, role)) {
        this.#give(role, "name", at);
      }
    }
    // A single number is the thread's: tracers call it pid.
    const pid = this.shown.findIndex(({ role }) => role === "pid");
    const ids = this.#free(
      (values, at) => isInteger(values) && !isCaller(values, this.#numbers[at] ?? [], at),
    );
    if (pid >= 0 && !this.#has("tid") && ids.length === 0) {
      this.shown[pid] = { role: "tid", by: "name" };
    }
  }

  #findBothIds(): void {
    const both = this.#free((values) => areBothIds(values));
    if (!this.#has("tid") && !this.#has("pid")) {
      this.#give("pid.tid", "values", both[0]);
    }
  }

  #findCaller(): void {
    if (isNativeCaller(this.#columns.slice(0, this.#before))) {
      this.#give("caller", "form", this.#before - 1);
      return;
    }
    const isPlace = (values: readonly Field[]): boolean => isMostly(values, FieldKind.place);
    this.#give("caller", "form", this.#free(isPlace)[0]);
    const addresses = this.#free((values, at) => isCaller(values, this.#numbers[at] ?? [], at));
    this.#give("caller", "form", addresses.at(-1));
    this.#give("caller", "form", this.#free(isPlace, this.#columns.length)[0]);
    const behind = this.#columns.findIndex(
      (values, at) => at >= this.#before && areReturnAddresses(values, this.#numbers[at] ?? []),
    );
    this.#give("caller", "values", behind);
  }

  /** Of several, the one that tells most lines apart: a logger's time may be the coarser. The last is the hook's own. */
  #findTime(): void {
    const clocks = this.#free(isClock, this.#columns.length);
    const inOrder = [...clocks, ...this.#free((values) => isMostly(values, FieldKind.fraction))]
      .filter((at) => rises(this.#times(at)))
      .sort((one, other) => one - other);
    const distinct = (at: number): number =>
      new Set((this.#columns[at] ?? []).map(({ text }) => text)).size;
    const most = Math.max(...inOrder.map(distinct));
    this.#give(
      "time",
      "form",
      inOrder.filter((at) => distinct(at) === most).at(-1) ?? clocks.at(-1),
    );
    const epochs = this.#free(
      (values, at) => isInteger(values) && isEpoch(values, this.#numbers[at] ?? []),
    );
    this.#give("time", "values", epochs[0]);
  }

  /** Texts of one length and form are in the order of times. */
  #times(at: number): number[] {
    const values = this.#columns[at] ?? [];
    return values[0]?.kind === FieldKind.clock
      ? values.map(({ text }) => secondsOf(text))
      : [...(this.#numbers[at] ?? [])];
  }

  #findIds(): void {
    const numbers = this.#free((values, at) => isInteger(values) && !this.#isNoId(values, at));
    // Where a thread may stand behind it, a number that rises in each line counts the lines.
    const ids =
      numbers.length > 1 && numbers[0] === 0 && countsLines(this.#numbers[0] ?? [])
        ? numbers.slice(1)
        : numbers;
    if (this.#has("pid.tid") || this.#has("tid")) {
      this.#findTimeByOrder(ids);
      return;
    }
    const pid = this.shown.findIndex(({ role }) => role === "pid");
    if (pid >= 0) {
      this.#give("tid", "values", ids[0]);
      this.#findTimeByOrder(ids.slice(1));
      return;
    }
    for (const [i, first] of ids.entries()) {
      const second = ids[i + 1];
      if (second !== undefined && this.#arePair(first, second)) {
        this.#give("pid", "values", first);
        this.#give("tid", "values", second);
        this.#findTimeByOrder(ids.slice(i + 2));
        return;
      }
    }
    const [first, ...others] = this.#withThreadFirst(ids);
    this.#give("tid", ids.length > 1 ? "values" : "form", first);
    this.#findTimeByOrder(others);
  }

  /** Two columns of one number each, as a date's, are no process and thread unless they are alone. */
  #arePair(first: number, second: number): boolean {
    return areProcessAndThread(this.#numbers[first] ?? [], this.#numbers[second] ?? []);
  }

  /** The first column, unless it never changes and a later one has few numbers that come back. */
  #withThreadFirst(ids: readonly number[]): number[] {
    const changes = (at: number): boolean => new Set(this.#numbers[at]).size > 1;
    const thread = ids.find((at) => changes(at) && comesBack(this.#numbers[at] ?? []));
    const [first] = ids;
    if (first === undefined || thread === undefined || changes(first)) {
      return [...ids];
    }
    return [thread, ...ids.filter((at) => at !== thread && at > thread)];
  }

  /** The native order, `tid time`, if nothing else is shown. The number of a CPU falls in the lines of one thread, too. */
  #findTimeByOrder([at]: readonly number[]): void {
    const numbers = at === undefined ? [] : (this.#numbers[at] ?? []);
    if (rises(numbers) && this.#risesInThreads(numbers)) {
      this.#give("time", "order", at);
    }
  }

  #risesInThreads(times: readonly number[]): boolean {
    const threads = this.#columns[this.shown.findIndex(({ role }) => role === "tid")] ?? [];
    const latest = new Map<string, number>();
    let falls = 0;
    for (const [i, time] of times.entries()) {
      const thread = threads[i]?.text ?? "";
      falls += time < (latest.get(thread) ?? time) ? 1 : 0;
      latest.set(thread, time);
    }
    return falls <= times.length * MOST_FALLS;
  }

  #isNoId(values: readonly Field[], at: number): boolean {
    const numbers = this.#numbers[at] ?? [];
    return (
      values.every(({ text, bracket }) => bracket === "[" && /^0\d\d$/.test(text)) ||
      this.#isPriority(at) ||
      isCaller(values, numbers, at)
    );
  }

  /** `<134>1 2026-…`: the priority and version of a line in syslog's protocol */
  #isPriority(at: number): boolean {
    const [first] = this.#columns;
    const hasPriority =
      first?.every(({ bracket }) => bracket === "<") === true &&
      (this.#numbers[0] ?? []).every((value) => value <= MAX_PRIORITY);
    const clock = this.#columns.findIndex(isClock);
    return hasPriority && clock > at && clock <= 2;
  }

  #findNames(): void {
    if (this.#has("tid") || this.#has("pid.tid")) {
      return;
    }
    this.#give("tid", "values", this.#free((values) => areThreadNames(values))[0]);
  }
}

function fitsRole(values: readonly Field[], role: ColumnRole): boolean {
  switch (role) {
    case "pid":
      return isInteger(values);
    case "tid":
      return isInteger(values) || values.every(({ kind }) => kind === FieldKind.text);
    case "time":
      return isClock(values) || isInteger(values) || isMostly(values, FieldKind.fraction);
    case "caller":
      return values.every(({ kind }) => kind !== FieldKind.clock && kind !== FieldKind.fraction);
    default:
      return role === "other";
  }
}

function isInteger(values: readonly Field[]): boolean {
  return values.every(({ kind }) => kind === FieldKind.number || kind === FieldKind.hex);
}

function isClock(values: readonly Field[]): boolean {
  return values.length > 0 && values.every(({ kind }) => kind === FieldKind.clock);
}

function isMostly(values: readonly Field[], kind: FieldKind): boolean {
  return values.filter((field) => field.kind === kind).length * 2 > values.length;
}

/** `pid.tid`: threads of few processes, whose numbers come back, or lie a little above the process's; a time would rise. */
function areBothIds(values: readonly Field[]): boolean {
  const areWhole = values.every(
    ({ kind, text }) => kind === FieldKind.fraction && /^[1-9]\d*\.[1-9]\d*$/.test(text),
  );
  if (!areWhole) {
    return false;
  }
  const pairs = values.map(({ text }) => text.split(".").map(Number));
  const firsts = pairs.map(([first]) => first ?? 0);
  const seconds = pairs.map(([, second]) => second ?? 0);
  const areNear = pairs.every(
    ([first = 0, second = 0]) => first >= LEAST_ID && second >= first && second - first <= NEAR,
  );
  return (areNear || comesBack(seconds)) && areProcessAndThread(firsts, seconds);
}

/** The native place: `tid [caller]` or `tid time [caller]`. */
function isNativeCaller(columns: readonly (readonly Field[])[]): boolean {
  const last = columns.at(-1) ?? [];
  const forms = columns.slice(0, -1).map(([first]) => first?.kind);
  const [tid, time] = forms;
  const isTime =
    time === undefined ||
    time === FieldKind.clock ||
    time === FieldKind.fraction ||
    time === FieldKind.number;
  return (
    tid === FieldKind.number &&
    columns[0]?.every(({ bracket }) => bracket === "") === true &&
    forms.length <= 2 &&
    isTime &&
    isInteger(last) &&
    last.every(({ bracket }) => bracket === "[" || bracket === "(")
  );
}

/**
 * A return address, in some lines a place in code: in brackets, or after other columns, and not aligned as the handles of
 * threads are.
 */
function isCaller(values: readonly Field[], numbers: readonly number[], at: number): boolean {
  const addresses = values.filter(({ kind }) => kind !== FieldKind.place);
  if (!isInteger(addresses)) {
    return false;
  }
  const isAddress = addresses.every(({ kind }) => kind === FieldKind.hex) || baseOf(values) === 16;
  const areAligned = numbers.every((value) => value % HANDLE_ALIGNMENT === 0);
  const isBracketed = values.every(({ bracket }) => bracket !== "");
  return isAddress && !areAligned && (isBracketed || at > 0);
}

/** Behind a result other addresses may stand: those of callers are not aligned as blocks are, and come back. */
function areReturnAddresses(values: readonly Field[], numbers: readonly number[]): boolean {
  const areHex = values.length > 0 && values.every(({ kind }) => kind === FieldKind.hex);
  const areAligned = numbers.every((value) => value % BLOCK_ALIGNMENT === 0);
  const isBracketed = values.every(({ bracket }) => bracket !== "");
  return areHex && !areAligned && (isBracketed || new Set(numbers).size * 2 <= numbers.length);
}

/** Times since 1970. Seconds may also be numbers of other kinds: those must differ, and be mostly in order. */
function isEpoch(values: readonly Field[], times: readonly number[]): boolean {
  const areNumbers = values.every(({ kind }) => kind === FieldKind.number);
  const unit = areNumbers ? epochUnit(times) : null;
  const looksLikeTime = new Set(times).size > 1 && rises(times);
  return unit !== null && (unit > 0 || looksLikeTime);
}

/** True if numbers fall from line to line at most half of the time. */
function rises(times: readonly number[]): boolean {
  const falls = times.filter((time, i) => time < (times[i - 1] ?? time)).length;
  return falls * 2 <= times.length;
}

/** Few numbers, some of which come back after others. */
function comesBack(numbers: readonly number[]): boolean {
  const few = new Set(numbers).size * 2 <= numbers.length;
  return few && numbers.some((number, i) => number < (numbers[i - 1] ?? 0));
}

function secondsOf(clock: string): number {
  const [, hours = "0", minutes = "0", seconds = "0"] =
    /(\d+):(\d\d):(\d\d(?:[.,:]\d+)?)/.exec(clock) ?? [];
  return (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds.replace(/[,:]/, "."));
}
