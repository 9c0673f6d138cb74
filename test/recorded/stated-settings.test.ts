import { describe, expect, it } from "vitest";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import { statedSettings } from "../../src/recorded/stated-settings.ts";
import { LogFacts } from "../../src/trace/stated/log-facts.ts";

const ARENA_MAX = "glibc.malloc.arena_max";
const COUNT = "glibc.malloc.tcache_count";
const PAD = "glibc.malloc.top_pad";

/** The settings of a process of `glibc` whose log begins with these comments. */
function stated(glibc: string, ...comments: string[]): Record<string, string> {
  const facts = new LogFacts();
  for (const text of comments) {
    facts.read({ at: 0, line: 1, text });
  }
  return statedSettings(facts, profileOf(glibc)!);
}

describe("GLIBC_TUNABLES", () => {
  const tunables = (glibc: string, value: string) =>
    stated(glibc, `setting GLIBC_TUNABLES=${value}`);

  it("sets each of its tunables; the last of several for one counts", () => {
    const both = { [ARENA_MAX]: "2", [COUNT]: "0" };
    for (const glibc of ["2.31", "2.36", "2.44"]) {
      expect(tunables(glibc, `${ARENA_MAX}=2:${COUNT}=0`)).toEqual(both);
      expect(tunables(glibc, `${ARENA_MAX}=8:${COUNT}=0:${ARENA_MAX}=2`)).toEqual(both);
    }
  });

  it("is ignored before 2.26", () => {
    expect(tunables("2.23", `${ARENA_MAX}=2`)).toEqual({});
  });

  it("has no effect by tunables that glibc does not know, and values that it refuses", () => {
    const value = `glibc.rtld.nns=8:${COUNT}=3:${ARENA_MAX}=none`;
    expect(tunables("2.41", value)).toEqual({ [COUNT]: "3" });
  });

  // [ran 2.36 2.41 2.43 2.44]
  it.each([
    [`${COUNT}=3:`, false],
    [`${COUNT}=3:bogus`, false],
    [`${COUNT}=3:a=b=c`, false],
    [`:${COUNT}=3`, true],
    [`bogus:${COUNT}=3`, true],
  ])("%s is malformed in part; in all since 2.39, unless %s", (value, holds) => {
    expect(tunables("2.36", value)).toEqual({ [COUNT]: "3" });
    for (const glibc of ["2.39", "2.41", "2.43", "2.44"]) {
      expect(tunables(glibc, value)).toEqual(holds ? { [COUNT]: "3" } : {});
    }
  });

  it("overrides MALLOC_* variables, whatever the order of the lines", () => {
    const lines = [`setting GLIBC_TUNABLES=${ARENA_MAX}=2`, "setting MALLOC_ARENA_MAX=8"];
    for (const order of [lines, lines.toReversed()]) {
      expect(stated("2.36", ...order)).toEqual({ [ARENA_MAX]: "2" });
    }
    expect(stated("2.36", `setting ${ARENA_MAX}=2`, lines[1]!)).toEqual({ [ARENA_MAX]: "2" });
  });
});

// All [ran 2.44] in a changed root, with ldconfig.
describe("/etc/tunables.conf", () => {
  const conf = (...lines: string[]) => lines.map((line) => `tunables.conf ${line}`);

  it("is read since 2.44", () => {
    const lines = conf("# for all", "", ` ${PAD} = 4096 `, `${COUNT}=3 # few`);
    expect(stated("2.44", ...lines)).toEqual({ [PAD]: "4096", [COUNT]: "3" });
    expect(stated("2.43", ...lines)).toEqual({});
  });

  it("comes before the environment, unless a prefix forbids that", () => {
    const environments = ["setting MALLOC_TOP_PAD_=0", `setting GLIBC_TUNABLES=${PAD}=0`];
    for (const environment of environments) {
      const padOf = (prefix: string) =>
        Object.values(stated("2.44", environment, ...conf(`${prefix}${PAD}=4096`)));
      expect(["", "+", "$", "*", "nonsecure "].flatMap(padOf)).toEqual(["0", "0", "0", "0", "0"]);
      expect(["-", "- ", "-$", "$-", "nonsecure -"].flatMap(padOf)).toEqual(Array(5).fill("4096"));
    }
  });

  it("the last line for a tunable counts, with its prefix", () => {
    const environment = `setting GLIBC_TUNABLES=${PAD}=0`;
    const lines = [`-${PAD}=4096`, `${PAD}=8192`];
    expect(stated("2.44", ...conf(...lines))).toEqual({ [PAD]: "8192" });
    expect(stated("2.44", environment, ...conf(...lines))).toEqual({ [PAD]: "0" });
    expect(stated("2.44", environment, ...conf(...lines.toReversed()))).toEqual({ [PAD]: "4096" });
  });

  it("has lines for setuid programs, which change nothing here", () => {
    for (const prefix of ["@", "-@", "@-", "onlysecure ", "-onlysecure "]) {
      expect(stated("2.44", ...conf(`${prefix}${PAD}=4096`))).toEqual({});
    }
  });

  it.each([
    ["[proc:java]", true],
    ["[proc:/usr/bin/java]", true],
    ["[proc:/opt/bin/java]", false],
    ["[proc:jav]", false],
    ["[proc: java]", false],
    ["[proc:]", false],
    ["[user:me]", true],
    ["[]", true],
    // without colon it is skipped: the filter above it still holds
    ["[java]", false],
  ])("lines below %s apply to /usr/bin/java: %s", (filter, applies) => {
    const lines = conf("[proc:other]", filter, `${PAD}=4096`);
    expect(stated("2.44", "program /usr/bin/java", ...lines)).toEqual(
      applies ? { [PAD]: "4096" } : {},
    );
  });

  it("lines for one program do not apply while the log does not state the program", () => {
    const lines = conf("[proc:java]", `${PAD}=4096`, "[]", `${COUNT}=3`);
    expect(stated("2.44", ...lines)).toEqual({ [COUNT]: "3" });
  });

  it("values are read up to the first character that is not a digit", () => {
    expect(stated("2.44", ...conf(`${PAD}=0x1000`))).toEqual({ [PAD]: "0" });
    expect(stated("2.44", ...conf(`${PAD}=4096k`))).toEqual({ [PAD]: "4096" });
  });
});
