import type { Causes } from "../contract/report.ts";

/** The layers of a stack of causes, lowest first: what the program holds, then what it does not. */
export const LAYERS = [
  { key: "held", words: "held by the program" },
  { key: "unlogged", words: "in use from outside the log" },
  { key: "tcache", words: "in threads' caches (tcache)" },
  { key: "fastbins", words: "in fastbins" },
  { key: "pinned", words: "free, sharing pages with blocks" },
  { key: "returnable", words: "free whole pages" },
  { key: "tops", words: "free tops of heaps" },
  { key: "idleArenas", words: "arenas without a live block" },
] as const;

export type Layer = (typeof LAYERS)[number]["key"];

/**
 * The layer of each cause. What was never written is negative: it is taken from what the program holds, of which it is a
 * part.
 */
export const LAYER_OF: Readonly<Record<keyof Causes, Layer>> = {
  live: "held",
  mapped: "held",
  overhead: "held",
  unwritten: "held",
  unlogged: "unlogged",
  tcache: "tcache",
  fastbins: "fastbins",
  pinned: "pinned",
  returnable: "returnable",
  tops: "tops",
  idleArenas: "idleArenas",
};
