import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PROFILES, type Profile, profileOf } from "../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { MallocPar } from "../../src/ptmalloc/settings.ts";
import { areSiblings, type DifferingCall, mayDifferAt } from "../../src/ptmalloc/siblings.ts";

function processOf(profile: Profile): Ptmalloc {
  return new Ptmalloc(profile, new MallocPar(profile), 2);
}

const SIBLINGS = PROFILES.flatMap((a, i) =>
  PROFILES.slice(i + 1)
    .filter((b) => areSiblings(a, b))
    .map((b) => [a, b] as const),
);

describe("sibling versions", () => {
  it("are those from 2.35 to 2.40, tags included, and 2.27 to 2.29", () => {
    const names = new Set(SIBLINGS.flat().map(({ name }) => name));
    expect([...names]).toEqual(["2.27", "2.28", "2.36", "2.37-tag", "2.38-tag", "2.39"]);
  });

  const move = fc.record({
    call: fc.constantFrom("malloc", "malloc", "free", "calloc", "realloc", "realloc", "memalign"),
    thread: fc.nat(5),
    slot: fc.nat(12),
    bytes: fc.oneof(fc.nat(200), fc.nat(3000), fc.nat(400_000)),
    // Near the current size, where shortcuts apply.
    by: fc.oneof(fc.integer({ min: -5000, max: 64 }), fc.integer({ min: -8, max: 8 })),
  });

  it.each(SIBLINGS.map(([a, b]) => [a.name, b.name]))(
    "%s and %s have the same state until a call that they may treat differently",
    (nameOfA, nameOfB) => {
      let differing = 0;
      let same = 0;
      const moves = fc.array(move, { minLength: 100, maxLength: 200 });
      const property = fc.property(moves, fc.boolean(), (moves, aligns) => {
        const [a, b] = [processOf(profileOf(nameOfA)!), processOf(profileOf(nameOfB)!)];
        const blocks = new Map<number, { chunk: number; bytes: number }>();
        const both = (call: (m: Ptmalloc) => number): number => {
          const chunk = call(a);
          expect(call(b)).toBe(chunk);
          return chunk;
        };
        for (const { call, thread, slot, bytes, by } of moves) {
          for (const m of [a, b]) {
            m.enter(thread);
          }
          const block = blocks.get(slot);
          if (block !== undefined && call !== "realloc") {
            for (const m of [a, b]) {
              m.free(block.chunk);
            }
            blocks.delete(slot);
          }
          const to = Math.max(1, block === undefined ? bytes : block.bytes + by);
          const mayDiffer = (kind: DifferingCall) =>
            mayDifferAt(a, b.profile, kind, block?.chunk ?? 0, to) && ++differing > 0;
          if (call === "realloc" && block !== undefined) {
            if (mayDiffer("realloc")) {
              return;
            }
            same++;
            const { chunk } = block;
            blocks.set(slot, { chunk: both((m) => m.realloc(chunk, to)), bytes: to });
          } else if (call === "memalign" && aligns) {
            if (mayDiffer("memalign")) {
              return;
            }
            blocks.set(slot, { chunk: both((m) => m.memalign(64, bytes)), bytes });
          } else if (call === "malloc") {
            blocks.set(slot, { chunk: both((m) => m.malloc(bytes)), bytes });
          } else if (call === "calloc") {
            blocks.set(slot, { chunk: both((m) => m.calloc(bytes)), bytes });
          }
        }
        expect(isDeepStrictEqual(b.chunks, a.chunks)).toBe(true);
        expect([b.brk, b.systemBytes, b.inUseBytes]).toEqual([a.brk, a.systemBytes, a.inUseBytes]);
        expect([...b.resident.pages]).toEqual([...a.resident.pages]);
      });
      fc.assert(property, { numRuns: 100 });
      expect(same).toBeGreaterThan(0);
      // 2.27 and 2.28 treat every call alike.
      expect(differing > 0).toBe(nameOfA !== "2.27");
    },
  );
});
