import { BEYOND_LIVE } from "../insight/causes/cause-words.ts";
import { byteUnit, change, size } from "../report/format.ts";
import type { Causes } from "../report/report.ts";
import type { CallerChange } from "./caller-changes.ts";
import type { CauseChange } from "./cause-changes.ts";
import { type Change, isNoise } from "./change.ts";
import { type ThreadChange, threadsLabel } from "./thread-changes.ts";

/**
 * What grew, in sentences that the figures carry: "most" is more than half of all that grew, and what other runs of the
 * base have as well is not named.
 */

/** A smaller part of the growth is not worth a word. */
const NOTABLE_RATIO = 0.2;
const MOST_PARTS = 3;

/** Chunks that the program holds, as far as they are resident. */
const HELD: readonly (keyof Causes)[] = ["live", "mapped", "unwritten"];

export interface GrownCauses {
  readonly text: string;
  /** most of it is memory that the program holds */
  readonly isHeld: boolean;
}

/** Which resident memory grew; null if the reports do not say. */
export function grownCauses(
  causes: readonly CauseChange[],
  when: "end" | "peak",
): GrownCauses | null {
  const changeIn = (cause: keyof Causes): number => {
    const row = causes.find((one) => one.cause === cause);
    return (when === "end" ? row?.endBytes : row?.peakBytes)?.change ?? 0;
  };
  const held = HELD.reduce((sum, cause) => sum + changeIn(cause), 0);
  const ofProgram = { bytes: held, words: "blocks that the program holds" };
  const parts = [
    ofProgram,
    ...BEYOND_LIVE.map(([cause, words]) => ({ bytes: changeIn(cause), words })),
  ].filter(({ bytes }) => bytes > 0);
  const grown = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const [first, ...rest] = parts
    .sort((a, b) => b.bytes - a.bytes)
    .filter(({ bytes }) => bytes >= NOTABLE_RATIO * grown);
  if (first === undefined) {
    return null;
  }
  const of = when === "end" ? "RSS at the end" : "peak RSS";
  const unit = byteUnit([first.bytes]);
  const text = ({ bytes, words }: typeof first): string => `${size(bytes, unit)} are ${words}`;
  if (2 * first.bytes > grown) {
    return { text: `Most of the growth of ${of}: ${text(first)}.`, isHeld: first === ofProgram };
  }
  const several = [first, ...rest].slice(0, MOST_PARTS).map(text).join("; ");
  return { text: `Largest parts of the growth of ${of}: ${several}.`, isHeld: false };
}

/** What a figure of threads and call sites is called. */
export interface GrownFigure {
  /** "live bytes" */
  readonly name: string;
  readonly show: (values: readonly number[]) => readonly string[];
  readonly ofThread: ((row: ThreadChange) => Change) | null;
  readonly ofCaller: ((row: CallerChange) => Change) | null;
}

/** Where a figure grew: at which call site, and in which threads. */
export function grownWhere(
  { name, show, ofThread, ofCaller }: GrownFigure,
  threads: readonly ThreadChange[],
  callers: readonly CallerChange[],
): string[] {
  const sites =
    ofCaller === null
      ? []
      : callers.map((row) => ({ label: `call site ${row.caller}`, change: ofCaller(row) }));
  const groups =
    ofThread === null
      ? []
      : threads.map((row) => ({ label: threadsLabel(row), change: ofThread(row) }));
  return [sites, groups].flatMap((rows) => {
    const [first] = rows
      .filter(({ change: by }) => by.change > 0 && !isNoise(by))
      .sort((a, b) => b.change.change - a.change.change);
    if (first === undefined) {
      return [];
    }
    const grown = rows.reduce((sum, { change: by }) => sum + Math.max(0, by.change), 0);
    const lead =
      2 * first.change.change > grown
        ? `Most of the growth of ${name}`
        : `Largest growth of ${name}`;
    return [`${lead}: ${first.label}, ${spanOf(first.change, show)}.`];
  });
}

/** "from 20 MiB to 27 MiB (+35.0 %)", or "new, 7 MiB" */
export function spanOf(
  { base, head }: Change,
  show: (values: readonly number[]) => readonly string[],
): string {
  const [from, to] = show([base ?? 0, head ?? 0]);
  if (base === null) {
    return `new, ${to}`;
  }
  const part = change(base, head ?? 0);
  return `from ${from} to ${to}${part === null ? "" : ` (${part})`}`;
}

/** Sizes in one unit. */
export function showBytes(values: readonly number[]): string[] {
  const unit = byteUnit(values);
  return values.map((value) => size(value, unit));
}
