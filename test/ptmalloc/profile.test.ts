import { describe, expect, it } from "vitest";
import { PROFILES, profileOf } from "../../src/ptmalloc/profile.ts";
import { process } from "../support/model-driver.ts";

const VERSIONS = Array.from({ length: 44 - 17 + 1 }, (_, i) => `2.${17 + i}`);
const EXTRA = ["2.37-tag", "2.38-tag", "2.42-stable"];

describe("profiles (§10)", () => {
  it("each version from 2.17 to 2.44 has exactly one", () => {
    const served = PROFILES.flatMap(({ versions }) => versions);
    expect(served.toSorted()).toEqual([...VERSIONS, ...EXTRA].toSorted());
    expect([profileOf("2.16"), profileOf("2.45"), profileOf("")]).toEqual([null, null, null]);
  });

  it("each is named after one of its versions", () => {
    for (const { name, versions } of PROFILES) {
      expect(versions).toContain(name);
    }
  });

  it("no two have the same rules", () => {
    const rules = PROFILES.map(({ name: _, versions: __, ...rest }) => JSON.stringify(rest));
    expect(new Set(rules).size).toBe(PROFILES.length);
  });

  it.each(VERSIONS.concat(EXTRA))("%s: the first block of a process (§10.5)", (glibc) => {
    const minor = Number(glibc.slice(2, 4));
    const offset =
      minor <= 25 || minor >= 43 ? 0x10 : minor <= 29 ? 0x260 : minor <= 41 ? 0x2a0 : 0x310;
    expect(process(glibc).malloc(24)).toBe(`main+0x${offset.toString(16)}`);
  });

  it.each([
    ["2.17", 1],
    ["2.31", 1],
    ["2.32", 2],
    ["2.33", 2],
    ["2.34", 2],
    ["2.36", 2],
    ["2.44", 2],
  ])("%s: an ending thread frees %d buffers last (§6.4)", (glibc, frees) => {
    expect(profileOf(glibc)?.exitFrees).toBe(frees);
  });

  it("a process can switch to another version with the same rules so far", () => {
    const p = process("2.42");
    p.free(p.malloc(1032));
    expect(p.tcache(1040)).toEqual([]);
    p.m.adopt(profileOf("2.42-stable")!);
    const block = p.malloc(1032);
    p.malloc(24);
    p.free(block);
    expect(p.tcache(1040)).toEqual([block]);
  });

  it("and keeps tcache_max if it was set", () => {
    const p = process("2.42", { "glibc.malloc.tcache_max": "100" });
    const { tcacheMaxChunk } = p.m.par;
    p.m.adopt(profileOf("2.42-stable")!);
    expect(p.m.par.tcacheMaxChunk).toBe(tcacheMaxChunk);
  });
});
