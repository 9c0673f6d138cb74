import { BEYOND_LIVE } from "../insight/causes/cause-words.ts";
import type { Causes } from "../report/contract/report.ts";
import { byteUnit, change, size } from "../report/wording/format.ts";
import type { CallerChange } from "./caller-changes.ts";
import type { CauseChange } from "./cause-changes.ts";
import { type Change, isNoise } from "./change.ts";
import { type ThreadChange, threadsLabel } from "./thread-changes.ts";

/**
 * What grew, in sentences that the figures carry: "most" is more than half of all that grew, and no more than the growth
 * itself. What other runs of the base have as well is not named.
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

/** Which resident memory grew; null if the reports do not say, or if other runs of the base differ as much. */
export function grownCauses(
  causes: readonly CauseChange[],
  when: "end" | "peak",
): GrownCauses | null {
  const changes = new Map(
    causes.map((row) => [row.cause, when === "end" ? row.endBytes : row.peakBytes]),
  );
  const part = (kinds: readonly (keyof Causes)[], words: string): Part => {
    const changed = kinds
      .flatMap((cause) => changes.get(cause) ?? [])
      .filter((one) => one.change !== 0);
    const bytes = changed.reduce((sum, one) => sum + one.change, 0);
    return { bytes, words, isNoise: changed.every(isNoise) };
  };
  const ofProgram = part(HELD, "blocks that the program holds");
  const parts = [ofProgram, ...BEYOND_LIVE.map(([cause, words]) => part([cause], words))];
  const net = sumOf(parts);
  const grown = sumOf(parts.filter(({ bytes }) => bytes > 0));
  const notable = parts
    .filter((one) => !one.isNoise && Math.abs(one.bytes) >= NOTABLE_RATIO * grown)
    .sort((x, y) => Math.abs(y.bytes) - Math.abs(x.bytes))
    .slice(0, MOST_PARTS);
  const [first] = notable.filter(({ bytes }) => bytes > 0);
  if (first === undefined) {
    return null;
  }
  const of = when === "end" ? "RSS at the end" : "peak RSS";
  const unit = byteUnit([first.bytes]);
  const text = ({ bytes, words }: Part): string => `${size(bytes, unit)} are ${words}`;
  const isMost = 2 * first.bytes > grown;
  const isHeld = isMost && first === ofProgram;
  if (first.bytes > net) {
    const signed = (one: Part): string => `${one.bytes > 0 ? "+" : ""}${text(one)}`;
    return { text: `Of the change of ${of}: ${notable.map(signed).join("; ")}.`, isHeld };
  }
  return isMost
    ? { text: `Most of the growth of ${of}: ${text(first)}.`, isHeld }
    : { text: `Largest parts of the growth of ${of}: ${notable.map(text).join("; ")}.`, isHeld };
}

/** Resident memory of one kind, by how much it changed. */
interface Part {
  readonly bytes: number;
  readonly words: string;
  readonly isNoise: boolean;
}

function sumOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
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
  // That the only thread grew says nothing.
  const groups =
    ofThread === null || threads.length < 2
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
