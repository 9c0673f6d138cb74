import * as fc from "fast-check";
import { LoggedProgram, type LoggedThread } from "./model-log.ts";

/** A call of a random program: by a thread, with a size or of a block, and whether the hook logs it. */
export const RANDOM_CALL = fc.record({
  thread: fc.nat(2),
  kind: fc.constantFrom("malloc", "malloc", "calloc", "realloc", "free", "free"),
  bytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 300, max: 200_000 })),
  pick: fc.nat(),
  isLogged: fc.nat(9).map((n) => n > 0),
});

/** The log of a random program in which the hook misses some calls. */
export function randomLog(
  calls: readonly (typeof RANDOM_CALL extends fc.Arbitrary<infer T> ? T : never)[],
): string[] {
  const p = new LoggedProgram("2.36", {}, { unchecked: true });
  const threads: LoggedThread[] = [p.main, p.thread(), p.thread()];
  calls.forEach(({ thread, kind, bytes, pick, isLogged }, i) => {
    const by = threads[thread]!;
    const names = [...p.pointers.keys()];
    const name = names[pick % Math.max(1, names.length)];
    p.isHooked = isLogged || i === 0;
    if (kind === "malloc" || kind === "calloc") {
      by[kind](bytes, `${i}`);
    } else if (name !== undefined && kind === "free") {
      by.free(name);
    } else if (name !== undefined) {
      by.realloc(name, bytes);
    }
  });
  return p.lines;
}
