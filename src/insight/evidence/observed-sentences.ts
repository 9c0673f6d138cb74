import type {
  Compared,
  ObservedMalloc,
  ObservedMoment,
  ObservedResident,
} from "../../report/contract/observed.ts";
import type { Report } from "../../report/contract/report.ts";
import { errorText } from "../../report/tables/observed-columns.ts";
import { byteUnit, exact, plural, size } from "../../report/wording/format.ts";
import type { Sentence } from "../../report/wording/presented.ts";
import { printable } from "../../report/wording/printable.ts";
import { plain } from "../sentences.ts";
import { isUnreliable } from "./grade.ts";
import { otherAllocatorClause } from "./other-allocator.ts";

/** An error above this is worth fitting what the program wrote to the measured number. */
const NOTABLE_ERROR = 0.05;

/** 4 GiB: malloc_stats prints its figures modulo this. */
const STATS_MODULUS = 2 ** 32;

/** The memory of the process outside malloc, the most of all moments; null if no file of the log's process shows it. */
export function observedRest({ observed = [] }: Pick<Report, "observed">): number | null {
  const rests = observed.flatMap(({ resident }) =>
    resident === null || isOfOtherRun(resident) ? [] : (resident.rest?.bytes ?? []),
  );
  return rests.length === 0 ? null : Math.max(...rests);
}

/** The resident memory of the process, the most of all moments; 0 if no file of the log's process shows it. */
export function observedPeak({ observed = [] }: Pick<Report, "observed">): number {
  const all = observed.flatMap(({ resident, missing }) =>
    resident === null || missing !== null || isOfOtherRun(resident) ? [] : resident.processBytes,
  );
  return Math.max(0, ...all);
}

/** How far the model is from what was measured; none if nothing was, or the model cannot be compared. */
export function observedSentences(report: Report): Sentence[] {
  const { observed = [] } = report;
  const missing = observed.flatMap(({ asked, missing: why }): Sentence[] =>
    why === null
      ? []
      : [{ tone: "bad", text: `No comparison with what was measured at ${asked}: ${why}.` }],
  );
  return isUnreliable(report) ? missing : [...missing, ...compared(report, observed)];
}

function compared(report: Report, observed: readonly ObservedMoment[]): Sentence[] {
  const known = observed.flatMap(({ asked, resident }) => {
    const malloc = resident === null || isOfOtherRun(resident) ? null : resident.malloc;
    return malloc === null || malloc.all.error === null
      ? []
      : [{ asked, malloc, ...malloc.all, error: malloc.all.error }];
  });
  const [only] = known;
  if (only === undefined) {
    return [];
  }
  const worst = known.reduce((a, b) => (Math.abs(b.error) > Math.abs(a.error) ? b : a));
  const unit = byteUnit(known.flatMap((one) => [one.mostBytes, one.modelledBytes ?? 0]));
  const range = (least: number, most: number): string => {
    const [from, to] = [size(least, unit), size(most, unit)];
    return from === to ? from : `${from} to ${to}`;
  };
  const figures = (one: typeof only): string =>
    `${range(one.leastBytes, one.mostBytes)} measured, ${size(one.modelledBytes ?? 0, unit)} modelled (${errorText(one)})`;
  const text =
    known.length === 1
      ? `Malloc's memory at ${only.asked}: ${figures(only)}.`
      : `Malloc's memory at ${plural(known.length, "measured moment")}: at worst, at ${worst.asked}, ${figures(worst)}.`;
  const atEnd = known.find(({ asked }) => asked === "END");
  return atEnd === undefined || !isToBeFitted(report, atEnd.malloc)
    ? [plain(text)]
    : [
        plain(text),
        plain(
          `--observed-rss ${Math.round(atEnd.measuredBytes / 1024)}KiB fits what the program wrote to what was measured.`,
        ),
      ];
}

/**
 * What was measured at the end leaves what the program wrote as the reason for the error: it is all of malloc's memory, and
 * exact enough, nothing but the model's assumption states the writes, and one of the assumptions gives the number.
 */
function isToBeFitted({ model, scenarios }: Report, malloc: ObservedMalloc): boolean {
  const { all, arenaHeaps, blocks } = malloc;
  const [recorded] = scenarios;
  if (model === null || recorded === undefined || all.error === null) {
    return false;
  }
  const { endBytesTouchNone, endBytesTouchAll } = recorded.rss;
  return (
    Math.abs(all.error) > NOTABLE_ERROR &&
    all.mostBytes - all.leastBytes < Math.abs((all.modelledBytes ?? 0) - all.measuredBytes) &&
    !lacksHeap(malloc) &&
    arenaHeaps.measured === arenaHeaps.modelled &&
    blocks.located === blocks.modelled &&
    model.holes === null &&
    model.touch !== "fitted" &&
    all.measuredBytes >= endBytesTouchNone &&
    all.measuredBytes <= endBytesTouchAll
  );
}

function lacksHeap({ heap }: ObservedMalloc): boolean {
  return heap.mostBytes === 0 && (heap.modelledBytes ?? 0) > 0;
}

function isOfOtherRun({ malloc }: ObservedResident): boolean {
  return malloc?.sameHeap === false;
}

/** What the files do not show, and what they show besides the table. */
export function observedNotes(report: Report): string[] {
  return (report.observed ?? []).flatMap((one) => [
    ...(one.resident === null ? [] : residentNotes(one.resident, one)),
    ...(otherAllocatorClause(report.trace) === null
      ? [...mallocNotes(one), ...peakNotes(one, report)]
      : []),
    ...one.counted.flatMap(({ source, kind, system, mapped }) =>
      kind === "malloc_stats" &&
      (system.modelledBytes ?? 0) + (mapped?.modelledBytes ?? 0) >= STATS_MODULUS
        ? [`${printable(source)}: malloc_stats prints the low 32 bits of its figures.`]
        : [],
    ),
    ...(one.counted.length > 0 && one.resident === null
      ? [
          `At ${one.asked}, glibc's own counts say what malloc has of the kernel, not what is resident.`,
        ]
      : []),
    ...jvmNotes(one),
  ]);
}

/** Sums over the process alone. */
function residentNotes(
  { source, malloc, rest }: ObservedResident,
  { missing }: ObservedMoment,
): string[] {
  if (malloc !== null) {
    return [];
  }
  const file = printable(source);
  const sums = `${file} has sums over the process: it does not show which memory is malloc's.`;
  if (rest !== null) {
    return [`${sums} The rest is the process without the model's RSS, errors of both included.`];
  }
  return missing === null
    ? [
        sums,
        `${file} has less than the model's RSS: it is of another moment or process, or pages were swapped out.`,
      ]
    : [sums];
}

/** What the file does not show of malloc's memory, and where it contradicts the model. */
function mallocNotes({ resident, asked }: ObservedMoment): string[] {
  if (resident === null || resident.malloc === null) {
    return [];
  }
  const { malloc } = resident;
  const file = printable(resident.source);
  const { arenaHeaps, blocks, mapped, arenas, all, heap, sameHeap } = malloc;
  const notes: string[] = [];
  if (sameHeap === false) {
    notes.push(`${file} is of another run than the log: its heap lies elsewhere.`);
  }
  if (lacksHeap(malloc)) {
    notes.push(`${file} shows no [heap], of which the model has ${size(heap.modelledBytes ?? 0)}.`);
  }
  if (arenaHeaps.modelled !== null && arenaHeaps.modelled !== arenaHeaps.measured) {
    notes.push(
      `${file} shows ${plural(arenaHeaps.measured, "heap")} of arenas by their shape, the model has ${exact(arenaHeaps.modelled)}.`,
    );
  }
  if (blocks.modelled !== null && blocks.located < blocks.modelled) {
    const found =
      blocks.located === 0
        ? "none lies in a mapping of it, so that any anonymous memory may be theirs"
        : `${exact(blocks.located)} ${blocks.located === 1 ? "lies" : "lie"} in mappings of it`;
    notes.push(`${file}: of ${plural(blocks.modelled, "mapped block")}, ${found}.`);
  } else if (blocks.modelled !== null) {
    const bounded = [
      ...(isRange(arenas) ? ["arenas"] : []),
      ...(isRange(mapped) ? ["mapped blocks"] : []),
    ];
    if (bounded.length > 0) {
      notes.push(
        `${file} shows bounds of the ${bounded.join(" and ")}: the kernel joins neighbouring mappings to one.`,
      );
    }
  }
  if ((all.modelledLeastBytes ?? 0) < (all.modelledBytes ?? 0)) {
    const [least, most] = [all.modelledLeastBytes ?? 0, all.modelledBytes ?? 0];
    notes.push(
      `At ${asked} the model counts as written what the log states later of the blocks that were live: ${size(most - least)} of it.`,
    );
  }
  return notes;
}

/** The peak counts writes when the log states them. */
function peakNotes({ resident, asked }: ObservedMoment, { scenarios }: Report): string[] {
  const peakBytes = scenarios[0]?.rss.peakBytes ?? 0;
  if (resident === null || resident.malloc === null || isOfOtherRun(resident)) {
    return [];
  }
  const { leastBytes, mostBytes, modelledBytes } = resident.malloc.all;
  return modelledBytes === null || leastBytes <= peakBytes
    ? []
    : [
        `At ${asked} malloc's memory was more than at the modelled peak, ${size(peakBytes, byteUnit([peakBytes, mostBytes]))}: the process's own peak is higher than the model's.`,
      ];
}

function isRange({ leastBytes, mostBytes }: Compared): boolean {
  return leastBytes < mostBytes;
}

function jvmNotes({ jvm, resident }: ObservedMoment): string[] {
  if (jvm === null) {
    return [];
  }
  const rest = resident?.rest ?? null;
  const unit = byteUnit([jvm.mappedBytes, jvm.mallocBytes, rest?.bytes ?? 0]);
  const beside =
    rest === null
      ? ""
      : ` Of the rest of the process, ${size(rest.bytes, unit)} ${rest.bytes === 1 ? "is" : "are"} resident, files and other libraries' memory included.`;
  return [
    `${printable(jvm.source)}: the JVM itself counts ${size(jvm.mallocBytes, unit)} from malloc and has committed ${size(jvm.mappedBytes, unit)} besides; what is committed need not be resident.${beside}`,
  ];
}
