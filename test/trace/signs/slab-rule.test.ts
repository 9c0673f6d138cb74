import { describe, expect, it } from "vitest";
import { quarterClasses } from "../../../src/trace/signs/slab-classes.ts";
import { SlabRule } from "../../../src/trace/signs/slab-rule.ts";

const PAGE = 0x7f0000001000;
const ruleFor = (blocks: readonly (readonly [pointer: number, bytes: number])[]) => {
  const rule = new SlabRule(quarterClasses, 4096);
  for (const [pointer, bytes] of blocks) {
    rule.allocated(pointer, bytes);
  }
  return rule;
};

describe("a pair of blocks in one window", () => {
  it("keeps the rule in slots of one size, and shows that there are no headers", () => {
    const { kept, broken, close, windows, classes } = ruleFor([
      [PAGE, 16],
      [PAGE + 16, 10],
    ]);
    expect({ kept, broken, close, windows, classes }).toEqual({
      kept: 1,
      broken: 0,
      close: 1,
      windows: 1,
      classes: 1,
    });
  });

  it("breaks it with another size, a large one too, or between slots", () => {
    expect(
      ruleFor([
        [PAGE, 32],
        [PAGE + 64, 48],
      ]),
    ).toMatchObject({ kept: 0, broken: 1 });
    expect(
      ruleFor([
        [PAGE, 32],
        [PAGE + 64, 2000],
      ]),
    ).toMatchObject({ kept: 0, broken: 1 });
    expect(
      ruleFor([
        [PAGE, 48],
        [PAGE + 64, 48],
      ]),
    ).toMatchObject({ kept: 0, broken: 1 });
  });

  it("shows nothing where glibc's chunks have the same distance", () => {
    expect(
      ruleFor([
        [PAGE, 24],
        [PAGE + 32, 24],
      ]),
    ).toMatchObject({ kept: 0, broken: 0 });
    // Slots of 16 and less are multiples of any distance.
    expect(
      ruleFor([
        [PAGE, 16],
        [PAGE + 48, 16],
      ]),
    ).toMatchObject({ kept: 0, broken: 0 });
  });

  it("is close only while the lower block is live", () => {
    const rule = ruleFor([[PAGE, 16]]);
    rule.freed(PAGE);
    rule.allocated(PAGE + 16, 16);
    expect(rule).toMatchObject({ kept: 0, close: 0 });
  });

  it("is none across windows, at one address, or after a restart", () => {
    expect(
      ruleFor([
        [PAGE, 32],
        [PAGE + 4096, 48],
      ]),
    ).toMatchObject({ kept: 0, broken: 0 });
    expect(
      ruleFor([
        [PAGE, 32],
        [PAGE, 48],
      ]),
    ).toMatchObject({ kept: 0, broken: 0 });
    const rule = ruleFor([[PAGE, 32]]);
    rule.restart();
    rule.allocated(PAGE + 64, 48);
    expect(rule.broken).toBe(0);
  });
});

it("pairs in different pages are counted apart", () => {
  const rule = new SlabRule(quarterClasses, 8192);
  const base = PAGE + 4096;
  rule.allocated(base + 4080, 16);
  rule.allocated(base + 4096, 16);
  rule.allocated(base, 32);
  expect(rule).toMatchObject({ keptAcross: 1, brokenAcross: 1, classesAcross: 1 });
});
