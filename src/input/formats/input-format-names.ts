/**
 * What --input-format takes: hooks' logs, and the formats of `registry.ts` in its order. The command line starts with
 * these names and without the readers.
 */
export const FORMAT_NAMES: readonly string[] = [
  "native",
  "heaptrack",
  "valgrind",
  "ltrace",
  "mtrace",
  "logalloc",
  "uftrace",
  "returns",
  "json-lines",
  "csv",
  "records",
];
