import type { AllocatorSummary, Finding, TraceSummary } from "../../report/contract/report.ts";
import { exact, plural } from "../../report/wording/format.ts";

/** How many pairs of blocks keep or break a rule of slabs (src/trace/signs/slab-rule.ts). */
interface SlabFigures {
  readonly kept: number;
  readonly broken: number;
  readonly close: number;
  readonly windows: number;
  readonly classes: number;
  readonly keptAcross: number;
  readonly brokenAcross: number;
  readonly classesAcross: number;
}

/** How blocks lie (src/trace/signs/allocator-signs.ts). */
export interface AllocatorFigures {
  readonly blocks: number;
  readonly hinted: number;
  readonly whole: number;
  readonly mapped: number;
  readonly jemalloc: SlabFigures;
  readonly tcmalloc: SlabFigures;
  readonly mimalloc: SlabFigures;
  readonly musl: SlabFigures;
  readonly spacing: {
    readonly pairs: number;
    readonly chunks: number;
    readonly admin: readonly [number, number];
    readonly redZones: readonly [number, number];
  };
}

/** Pairs of blocks that a rule needs, pages or other windows that they must lie in, and sizes of slots. */
const MIN_KEPT = 32;
const MIN_WINDOWS = 4;
const MIN_CLASSES = 3;
/** The share of pairs that keep a rule: measured below 0.09 in glibc's logs, above 0.93 in those of other allocators. */
const MIN_SHARE = 0.9;

/**
 * The same for musl's short groups, measured below 0.09 and above 0.69. Chunks of a 32-bit glibc are as large as musl's
 * slots, and in a program of few sizes they lie as far apart.
 */
const MIN_MUSL_SHARE = 0.6;
const MIN_MUSL_CLASSES = 2;

/** The same for valgrind's distances, measured below 0.5 and above 0.9; and neighbours that they need. */
const MIN_SPACED = 0.75;
const MIN_NEIGHBOURS = 64;

/**
 * Names the allocator of a log whose blocks do not lie as glibc's do, with its evidence; null if nothing shows another
 * one. Wrong names are worse than missing ones: a rule of the other allocator must hold for nearly all pairs of blocks
 * that glibc would leave to chance.
 */
export function otherAllocator(figures: AllocatorFigures): AllocatorSummary | null {
  return slabAllocator(figures) ?? musl(figures) ?? valgrind(figures);
}

interface Candidate {
  readonly name: "jemalloc" | "tcmalloc" | "mimalloc";
  readonly rule: SlabFigures;
}

/** A rule of wider slabs includes the narrower ones: the widest rule that holds is the true one. */
function slabAllocator(figures: AllocatorFigures): AllocatorSummary | null {
  const all: readonly Candidate[] = [
    { name: "mimalloc", rule: figures.mimalloc },
    { name: "tcmalloc", rule: figures.tcmalloc },
    { name: "jemalloc", rule: figures.jemalloc },
  ];
  if (!all.some(({ rule }) => rule.kept >= MIN_KEPT && rule.windows >= MIN_WINDOWS)) {
    return null;
  }
  const holding = all.filter(
    ({ rule }) =>
      rule.kept >= MIN_KEPT / 2 && rule.classes >= MIN_CLASSES && holds(rule, MIN_SHARE),
  );
  const least = Math.min(...holding.map(({ rule }) => rule.broken));
  const left = holding.filter(({ rule }) => rule.broken <= 4 * least + 16 && !isTooWide(rule));
  const [widest] = left;
  if (widest === undefined) {
    return null;
  }
  if (left.length === 1 || showsWidth(widest.rule)) {
    return { name: widest.name, evidence: slabEvidence(widest.rule) };
  }
  const placed = left.find(({ name }) => isAtHome(name, figures));
  return {
    name: placed?.name ?? left.map(({ name }) => name).join(" or "),
    evidence: slabEvidence((placed ?? widest).rule),
  };
}

function slabEvidence({ kept, broken, close, classes }: SlabFigures): Record<string, number> {
  return { pairs: kept + broken, inSlots: kept, withoutHeader: close, slotSizes: classes };
}

function holds({ kept, broken }: SlabFigures, minShare: number): boolean {
  return kept >= (kept + broken) * minShare;
}

/** True if pages next to each other belong to different slabs more often than freed and reused slabs explain. */
function isTooWide({ keptAcross, brokenAcross }: SlabFigures): boolean {
  return brokenAcross >= 8 && brokenAcross > keptAcross / 8;
}

/** True if pages next to each other belong to one slab, for several sizes. */
function showsWidth({ keptAcross, classesAcross }: SlabFigures): boolean {
  return keptAcross >= 16 && classesAcross >= MIN_CLASSES;
}

/** True if most blocks lie where this one of the three has them by default. Cut pointers do not tell. */
function isAtHome(name: Candidate["name"], figures: AllocatorFigures): boolean {
  const { blocks, whole, hinted, mapped } = figures;
  switch (name) {
    case "mimalloc":
      return hinted > blocks / 2;
    case "jemalloc":
      return mapped > blocks / 2;
    case "tcmalloc":
      return whole > 0 && hinted + mapped < blocks / 2;
  }
}

function musl({ musl: rule, whole }: AllocatorFigures): AllocatorSummary | null {
  const { close, classes, windows } = rule;
  const minClasses = whole > 0 ? MIN_MUSL_CLASSES : MIN_CLASSES;
  const isEnough = close >= MIN_KEPT && classes >= minClasses && windows >= MIN_WINDOWS;
  if (!isEnough || !holds(rule, MIN_MUSL_SHARE)) {
    return null;
  }
  return { name: "musl", evidence: slabEvidence(rule) };
}

function valgrind({ spacing }: AllocatorFigures): AllocatorSummary | null {
  const { pairs, admin, redZones } = spacing;
  for (const [extraBytes, spaced] of [[64, redZones] as const, [32, admin] as const]) {
    if (isSpaced(spaced, pairs)) {
      const [first, second] = spaced;
      return { name: "valgrind", evidence: { pairs, spaced: first + second, extraBytes } };
    }
  }
  return null;
}

/** Chunks of glibc have such a distance for requests that end in one half of 16 bytes, never for both. */
function isSpaced([first, second]: readonly [number, number], pairs: number): boolean {
  const sum = first + second;
  return sum >= MIN_NEIGHBOURS && sum >= pairs * MIN_SPACED && Math.min(first, second) >= sum / 16;
}

/** Why the model does not fit, in a clause; null if nothing shows another allocator. */
export function otherAllocatorClause({ allocator }: TraceSummary): string | null {
  return allocator === undefined
    ? null
    : `the blocks are those of ${allocator.name}, not of glibc's malloc`;
}

/** What shows another allocator, and what to do; null if nothing shows one. */
export function otherAllocatorFinding(trace: TraceSummary): Finding | null {
  const clause = otherAllocatorClause(trace);
  if (trace.allocator === undefined || clause === null) {
    return null;
  }
  const { name, evidence } = trace.allocator;
  return {
    kind: "other-allocator",
    severity: "critical",
    message: `${clause}: ${shown(evidence)}. mallog models glibc's malloc, so the figures of the model do not hold; the counts and live bytes do. ${cure(name)}`,
    bytes: 0,
    evidence,
  };
}

function shown(evidence: AllocatorSummary["evidence"]): string {
  const { pairs = 0, inSlots, withoutHeader = 0, slotSizes = 0, spaced = 0, extraBytes } = evidence;
  if (inSlots === undefined) {
    return `of ${exact(pairs)} neighbours, ${exact(spaced)} are ${extraBytes} bytes further apart than their size`;
  }
  const close =
    withoutHeader === 0
      ? ""
      : `, ${exact(withoutHeader)} of them without room for a chunk's header`;
  return `of ${exact(pairs)} pairs of blocks, ${exact(inSlots)} lie in slots of equal size${close} (${plural(slotSizes, "size")})`;
}

function cure(name: string): string {
  switch (name) {
    case "valgrind":
      return "Record without valgrind, or use its own massif or dhat.";
    case "musl":
      return "Record the program with glibc, or keep to counts and live bytes (--no-model).";
    default:
      return `To see glibc's malloc, record without the other library (LD_PRELOAD, or linked in); for ${name}, use its own profiler or statistics.`;
  }
}
