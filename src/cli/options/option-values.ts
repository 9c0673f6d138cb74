import { Option } from "commander";
import type { TouchPolicy } from "../../replay/writes/touch.ts";
import { GROUPINGS, type Grouping } from "../../report/order/grouping.ts";
import { SORT_KEYS, type ThreadSort } from "../../report/order/sort-threads.ts";
import type { Parsed } from "../../report/wording/parsed.ts";
import { parseDuration, parseSize } from "../../report/wording/sizes.ts";
import { didYouMean } from "../../report/wording/suggest.ts";
import type { ThpMode } from "../../trace/stated/log-facts.ts";
import { Failure } from "../problems.ts";

/** Values of single options. Loaded on every run: what needs the models is checked later (parse-settings.ts). */

/** An option whose value goes through `parse`. */
export function valueOption<T>(
  flags: string,
  description: string,
  parse: (text: string) => Parsed<T>,
): Option {
  const option = new Option(flags, description);
  return option.argParser((value: string) => accepted(option.long ?? flags, value, parse(value)));
}

/** An option that may be given several times. */
export function repeatableOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string, before: unknown) =>
    Array.isArray(before) ? [...before, text] : [text],
  );
}

/**
 * The parsed value of an option. `value`: as typed, null where the error quotes it.
 * @throws Failure option
 */
export function accepted<T>(option: string, value: string | null, parsed: Parsed<T>): T {
  if ("ok" in parsed) {
    return parsed.ok;
  }
  throw new Failure({ code: "option", option, value, reason: parsed.error });
}

export function parseSort(text: string): Parsed<ThreadSort> {
  const ascending = text.startsWith("-");
  const word = ascending ? text.slice(1) : text;
  const key = SORT_KEYS.find((candidate) => candidate === word);
  if (key !== undefined) {
    return { ok: { key, ascending } };
  }
  const known = SORT_KEYS.join(", ");
  return { error: `unknown key${didYouMean(word, SORT_KEYS)}; keys are ${known}` };
}

export function parseGrouping(text: string): Parsed<Grouping> {
  const known = GROUPINGS.find((candidate) => candidate === text);
  return known === undefined
    ? { error: `unknown kind of row${didYouMean(text, GROUPINGS)}; give ${GROUPINGS.join(", ")}` }
    : { ok: known };
}

/** Rows of a table; 0: all. */
export function parseTop(text: string): Parsed<number> {
  return /^[0-9]{1,9}$/.test(text)
    ? { ok: Number(text) }
    : { error: "give a whole number; 0 shows all rows" };
}

/** The name of one of a log's processes. */
export function parseProcess(text: string): Parsed<string> {
  return text === "all" || /^\d{1,10}(?:\.\d{1,6})?$/.test(text)
    ? { ok: text }
    : { error: "give a pid, or the name of a process as the report lists it, or all" };
}

/** Bytes, 0 included. */
export function parseBytes(text: string): Parsed<number> {
  const bytes = parseSize(text);
  return bytes === null ? { error: "give a size like 900MiB, 1.5GB or 4096" } : { ok: bytes };
}

/** Bytes above 0. */
export function parsePositiveBytes(text: string): Parsed<number> {
  const bytes = parseBytes(text);
  return "ok" in bytes && bytes.ok === 0 ? { error: "give a size above 0" } : bytes;
}

/** NR_CPUS of the largest x86_64 kernels */
const MAX_CPUS = 8192;

export function parseCpus(text: string): Parsed<number> {
  const cpus = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  return cpus >= 1 && cpus <= MAX_CPUS
    ? { ok: cpus }
    : { error: `give a whole number from 1 to ${MAX_CPUS}` };
}

export function parseTouch(text: string): Parsed<TouchPolicy> {
  if (text === "facts" || text === "all" || text === "none") {
    return { ok: text };
  }
  const ratio = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return ratio >= 0 && ratio <= 1
    ? { ok: { ratio } }
    : { error: "give facts, all, none, or a ratio from 0 to 1" };
}

export function parseThp(text: string): Parsed<ThpMode> {
  return text === "always" || text === "madvise" || text === "never"
    ? { ok: text }
    : { error: "give always, madvise or never" };
}

/** Shorter, and reports would do nothing but follow each other. */
const MIN_INTERVAL_SECONDS = 0.1;
/** A timer takes milliseconds below 2^31. */
const MAX_INTERVAL_SECONDS = 24 * 3600;

/** An interval, in milliseconds. */
export function parseInterval(text: string): Parsed<number> {
  const seconds = parseDuration(text) ?? Number.NaN;
  return seconds >= MIN_INTERVAL_SECONDS && seconds <= MAX_INTERVAL_SECONDS
    ? { ok: Math.round(seconds * 1000) }
    : { error: "give an interval like 10s, 500ms or 2m, from 100ms to 24h" };
}

/** `5%` as 0.05 */
export function parsePercent(text: string): Parsed<number> {
  const [, number] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim()) ?? [];
  return number === undefined
    ? { error: "give a percentage like 5%" }
    : { ok: Number(number) / 100 };
}
