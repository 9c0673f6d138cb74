import { InvalidArgumentError } from "commander";
import type { TouchPolicy } from "../replay/writes/touch.ts";
import { parseSize } from "../report/sizes.ts";
import { SORT_KEYS, type SortKey, type ThreadSort } from "../report/sort-threads.ts";
import { suggest } from "../report/suggest.ts";
import { MAX_CPUS, parseCpus, unknownGlibc } from "./settings.ts";

/** Parsers of single option values for commander: a value, or an InvalidArgumentError that says what was expected. */

export function sortOption(text: string): ThreadSort {
  const ascending = text.startsWith("-");
  const word = ascending ? text.slice(1) : text;
  const key = SORT_KEYS.find((candidate) => candidate === word);
  if (key !== undefined) {
    return { key, ascending };
  }
  throw new InvalidArgumentError(`${didYouMean(word, SORT_KEYS)}Keys are ${SORT_KEYS.join(", ")}.`);
}

export function topOption(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) {
    return Number(text);
  }
  throw new InvalidArgumentError("Give a whole number, 0 for all rows.");
}

export function sizeOption(text: string): number {
  const bytes = parseSize(text);
  if (bytes !== null) {
    return bytes;
  }
  throw new InvalidArgumentError("Give a size like 900MiB, 1.5GB or 4096.");
}

export function limitOption(text: string): number {
  const bytes = sizeOption(text);
  if (bytes > 0) {
    return bytes;
  }
  throw new InvalidArgumentError("A limit is more than 0.");
}

export function measuredOption(text: string): number {
  const bytes = sizeOption(text);
  if (bytes > 0) {
    return bytes;
  }
  throw new InvalidArgumentError("What was measured is more than 0.");
}

export function cpusOption(text: string): number {
  const cpus = parseCpus(text);
  if (cpus !== null) {
    return cpus;
  }
  throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_CPUS}.`);
}

export function glibcOption(text: string): string {
  const reason = text === "auto" ? null : unknownGlibc(text);
  if (reason === null) {
    return text;
  }
  throw new InvalidArgumentError(`${reason}, and auto.`);
}

export function touchOption(text: string): TouchPolicy {
  if (text === "facts" || text === "all" || text === "none") {
    return text;
  }
  const ratio = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (ratio >= 0 && ratio <= 1) {
    return { ratio };
  }
  throw new InvalidArgumentError("Give facts, all, none, or a ratio from 0 to 1.");
}

/** An option that may be given several times. */
export function collect(text: string, before: unknown): string[] {
  return Array.isArray(before) ? [...before, text] : [text];
}

/** `5%` as 0.05 */
export function percentOption(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim()) ?? [];
  if (number !== undefined) {
    return Number(number) / 100;
  }
  throw new InvalidArgumentError("Give a percentage like 5%.");
}

function didYouMean(word: string, candidates: readonly SortKey[]): string {
  const meant = suggest(word, candidates);
  return meant === null ? "" : `Did you mean ${meant}? `;
}
