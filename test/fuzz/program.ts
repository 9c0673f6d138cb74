import { LoggedProgram, type LoggedThread } from "../support/model-log.ts";
import type { Chance } from "./chance.ts";

/**
 * The log of a program that the model has served: its pointers fit together, so that the analysis goes far into it. Some
 * calls are missing, as with a hook that was loaded late. `most`: calls.
 */
export function program(chance: Chance, most: number): string[] {
  const glibc = chance.pick(["2.17", "2.23", "2.31", "2.36", "2.41", "2.43", "2.44"]);
  const p = new LoggedProgram(glibc, {}, { unchecked: true });
  const threads: LoggedThread[] = [p.main];
  const size = (): number =>
    chance.happens(0.05) ? 100_000 + chance.below(2 ** 20) : chance.below(3000);
  const steps = Math.min(5 + chance.below(chance.pick([30, 150])), most);
  for (let i = 0; i < steps; i++) {
    p.isHooked = !chance.happens(0.03);
    const by = chance.pick(threads);
    const names = [...p.pointers.keys()];
    const name = names[chance.below(Math.max(1, names.length))];
    const kind = chance.below(20);
    if (kind < 9 || name === undefined) {
      by.malloc(size(), `${i}`);
    } else if (kind < 16) {
      by.free(name);
    } else if (kind < 18) {
      by.realloc(name, 1 + size());
    } else if (kind < 19) {
      by.calloc(size(), `${i}`);
    } else if (threads.length < 6) {
      threads.push(p.thread());
    }
  }
  return p.lines;
}
