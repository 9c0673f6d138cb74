import type { ColumnEvidence, ColumnRole } from "../native/layout.ts";
import {
  areBothIds,
  areReturnAddresses,
  areTimesBehind,
  comesBack,
  fitsRole,
  isCaller,
  isClock,
  isEpoch,
  isInteger,
  isMostly,
  isNativeCaller,
  MOST_FALLS,
  numbersOf,
  rises,
  secondsOf,
} from "./column-values.ts";
import { FieldKind } from "./fields.ts";
import {
  areLargeTimes,
  areProcessAndThread,
  countsByOne,
  countsLines,
  countsShortly,
  LEAST_ID,
  MAX_ID,
  NEAR,
  standsBeforeThread,
} from "./pid-column.ts";
import type { Field } from "./sample-lines.ts";
import { areNoThreads, type BlockUse } from "./shared-cache.ts";
import { areThreadNames } from "./thread-column.ts";

export interface ShownRole {
  readonly role: ColumnRole;
  readonly by: ColumnEvidence;
}

/** Largest priority of a line in syslog's protocol. */
const MAX_PRIORITY = 191;

/**
 * What each column is, by how its values behave: the columns of lines of one form, in the order of lines. `before` stand
 * before the call, `after` behind it. `uses`: what each of the lines does to blocks. A log has at most one column of each
 * role but "other".
 */
export function columnRoles(
  before: readonly (readonly Field[])[],
  after: readonly (readonly Field[])[] = [],
  uses: readonly BlockUse[] = [],
): ShownRole[] {
  return new Roles(before, after, uses).shown;
}

class Roles {
  readonly shown: ShownRole[];
  readonly #columns: readonly (readonly Field[])[];
  readonly #numbers: readonly (readonly number[])[];
  /** columns before the call */
  readonly #before: number;
  readonly #uses: readonly BlockUse[];

  constructor(
    before: readonly (readonly Field[])[],
    after: readonly (readonly Field[])[],
    uses: readonly BlockUse[],
  ) {
    this.#uses = uses;
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
    this.#findBehind();
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
    const numbers = this.#free((values) => isMostly(values, FieldKind.fraction) || hasUnit(values));
    const inOrder = [...clocks, ...numbers]
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
    const isCounted = numbers[0] === 0 && this.#isCounted(numbers[1] ?? -1);
    const ids = isCounted ? numbers.slice(1) : numbers;
    this.#findIdsAmong(ids.filter((at) => !this.#areNoThreads(at, ids)));
    if (isCounted && !countsByOne(this.#numbers[0] ?? [])) {
      this.#findTimeByOrder([0]);
    }
  }

  /** The first column has a number for each line, and a thread may stand behind it, at `second`, or nothing else does. */
  #isCounted(second: number): boolean {
    const first = this.#numbers[0] ?? [];
    const isMany = countsLines(first) || areLargeTimes(first);
    if (second < 0) {
      return this.#before === 1 && (isMany || countsShortly(first, this.#uses));
    }
    return isMany || standsBeforeThread(first, this.#numbers[second] ?? []);
  }

  /** Of a column that stands alone, or next to a higher number that never changes: next to a thread, others may be anything. */
  #areNoThreads(at: number, ids: readonly number[]): boolean {
    const numbers = this.#numbers[at] ?? [];
    const most = Math.max(...numbers);
    const isAlone = ids.every(
      (other) => other === at || (!this.#changes(other) && (this.#numbers[other]?.[0] ?? 0) > most),
    );
    return isAlone && areNoThreads(numbers, this.#uses);
  }

  #findIdsAmong(ids: readonly number[]): void {
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
    const pairs = ids.flatMap((first, i) => {
      const second = ids[i + 1];
      return second !== undefined && this.#arePair(first, second)
        ? [{ first, second, rest: ids.slice(i + 2) }]
        : [];
    });
    // The number of a parent process, or a user, never changes either.
    const pair = pairs.find(({ second }) => this.#changes(second)) ?? pairs[0];
    if (pair !== undefined) {
      this.#give("pid", "values", pair.first);
      this.#give("tid", "values", pair.second);
      this.#findTimeByOrder(pair.rest);
      return;
    }
    const [first, ...others] = this.#withThreadFirst(ids);
    this.#give("tid", ids.length > 1 ? "values" : "form", first);
    this.#findTimeByOrder(others);
  }

  /** Two columns of one number each, as a date's, are no process and thread unless they are alone. */
  #arePair(first: number, second: number): boolean {
    return areProcessAndThread(this.#numbers[first] ?? [], this.#numbers[second] ?? []);
  }

  #changes(at: number): boolean {
    return new Set(this.#numbers[at]).size > 1;
  }

  /** The first column, unless it never changes and a later one has few numbers that come back. */
  #withThreadFirst(ids: readonly number[]): number[] {
    const thread = ids.find((at) => this.#changes(at) && comesBack(this.#numbers[at] ?? []));
    const [first] = ids;
    if (first === undefined || thread === undefined || this.#changes(first)) {
      return [...ids];
    }
    return [thread, ...ids.filter((at) => at !== thread && at > thread)];
  }

  /** The native order, `tid time`, if nothing else is shown. The number of a CPU falls in the lines of one thread, too. */
  #findTimeByOrder([at]: readonly number[]): void {
    const numbers = at === undefined ? [] : (this.#numbers[at] ?? []);
    if (
      !(countsLines(numbers) && countsByOne(numbers)) &&
      rises(numbers) &&
      this.#risesInThreads(numbers)
    ) {
      this.#give("time", "order", at);
    }
  }

  /** What stands behind the results of all lines, where no column before the calls says it. */
  #findBehind(): void {
    const behind = this.#columns.flatMap((values, at) =>
      at >= this.#before && this.shown[at]?.role === "other" && values.length === this.#uses.length
        ? [at]
        : [],
    );
    if (!this.#has("tid") && !this.#has("pid") && !this.#has("pid.tid")) {
      const ids = behind.filter((at) => isInteger(this.#columns[at] ?? []));
      this.#give(
        "tid",
        "values",
        ids.find((at) => this.#areThreads(this.#numbers[at] ?? [])),
      );
    }
    this.#give(
      "time",
      "values",
      behind.find(
        (at) =>
          this.shown[at]?.role === "other" &&
          areTimesBehind(this.#columns[at] ?? [], this.#numbers[at] ?? []),
      ),
    );
  }

  /** Numbers of threads that were started one after the other: sizes are further apart, or multiples of 8. */
  #areThreads(numbers: readonly number[]): boolean {
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
    return (
      least >= LEAST_ID &&
      most <= MAX_ID &&
      most - least <= NEAR &&
      comesBack(numbers) &&
      !numbers.every((number) => number % 8 === 0) &&
      !areNoThreads(numbers, this.#uses)
    );
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

/** True for `12ms`. */
function hasUnit(values: readonly Field[]): boolean {
  return isInteger(values) && values.length > 0 && values.every(({ unit }) => unit !== null);
}
