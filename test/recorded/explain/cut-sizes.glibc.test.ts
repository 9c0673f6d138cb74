import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../../src/report/contract/report.ts";
import { CProgram } from "../../support/c-program.ts";
import { analyse, scenario } from "../../support/corpus.ts";
import { realGlibc } from "../../support/glibc-driver.ts";

/** Sizes that a hook cut by printing them with %u (test/support/cut-sizes.c), compared with the log by %zu of the same run. */
const program = new CProgram("cut-sizes");
const glibc = realGlibc();

if (!glibc.available) {
  it.skip(`sizes cut by %u: ${glibc.reason}`);
}

function analysed(log: string): Report {
  return analyse(Buffer.from(log), {
    model: true,
    whatIfs: [scenario("no pad", { MALLOC_TOP_PAD_: "0" }, false), scenario("trim", {}, true)],
    recordedWith: null,
    glibc: "auto",
    cpus: null,
    hostCpus: 2,
    touch: "facts",
    thp: null,
    // They are taken between batches, which are split where a size was cut.
    samples: false,
  });
}

/** The figures that both logs must have in common: all but those of matched pointers. */
function figures({ trace, threads, live, scenarios, timeline, model }: Report) {
  const { inferred, fidelity, glibcRunnerUp, ...rest } = model ?? {};
  return { trace, threads, live, scenarios, timeline, model: rest };
}

describe.skipIf(!glibc.available)("sizes cut by %u", () => {
  /** the logs of one run, by %zu and by %u */
  function logs(rounds: number): [string, string] {
    const paths = ["whole", "cut"].map((name) => join(program.folder, name));
    execFileSync(program.path, [...paths, String(rounds)]);
    return paths.map((path) => readFileSync(path, "latin1")) as [string, string];
  }

  beforeAll(() => {
    program.compile("-O1", "-fno-builtin", "-Wall", "-Wextra");
  });

  it.each([1, 40])(
    "are restored: all figures equal those of the log with whole sizes, %d rounds",
    (rounds) => {
      const [whole, cut] = logs(rounds);
      const [expected, found] = [analysed(whole), analysed(cut)];
      expect(figures(found)).toEqual(figures(expected));
      expect(expected.live.bytes).toBe(liveBytes(whole));
      expect(expected.live.peakBytes).toBeGreaterThan(20 * 2 ** 30);
      expect(expected.model?.inferred.cutSizes).toBe(0);
      const cutSizes = differing(whole, cut).length;
      expect(cutSizes).toBe(7 * rounds);
      expect(found.model?.inferred).toEqual({ ...expected.model?.inferred, cutSizes });
      // Blocks too small for a mapping, as printed, count as mismatches.
      const { compared, equal, firstDivergence } = found.model?.fidelity ?? fail();
      expect(expected.model?.fidelity.ratio).toBe(1);
      expect(compared - equal).toBe(4 * rounds);
      expect(firstDivergence?.line).toBe(differing(whole, cut)[0]);
      expect(firstDivergence?.modelled).toBe("in a heap, as 100 bytes are");
    },
  );

  it("are kept if all cut blocks may be mapped as printed: nothing is proof then", () => {
    const [, cut] = logs(1);
    const isOther = (line: string) => !/ = 0x7/.test(line) || /\((1048576|1073741824)\)/.test(line);
    const { model, live } = analysed(cut.split("\n").filter(isOther).join("\n"));
    expect(model?.inferred.cutSizes).toBe(0);
    expect(live.bytes).toBeLessThan(2 ** 31);
  });

  it("are kept once the log has printed a whole size", () => {
    const [whole, cut] = logs(1);
    const line = differing(whole, cut)[0]! - 1;
    const lines = cut.split("\n");
    lines[line] = whole.split("\n")[line]!;
    expect(analysed(lines.join("\n")).model?.inferred.cutSizes).toBe(0);
  });

  it("are kept if something else lies in the 4 GiB", () => {
    const [, cut] = logs(1);
    const pointer = Number(/malloc\(100\) = (0x7\w+)/.exec(cut)?.[1]);
    const inside = `0x${(pointer + 2 ** 31).toString(16)}`;
    const to = cut.indexOf("malloc(1073741824)");
    const first = cut.slice(0, cut.lastIndexOf("\n", to) + 1);
    const found = (log: string) => analysed(log).model?.inferred.cutSizes;
    expect(found(first)).toBe(1);
    expect(found(first.replace(/(?<=malloc\(1048576\) = )0x\w+/, inside))).toBe(0);
    // A caller: its code is mapped there.
    expect(found(first.replace("1 malloc(100) = 0x7", `1 [${inside}] malloc(100) = 0x7`))).toBe(0);
    expect(found(`${first}1 malloc(200000) = ${inside}\n`)).toBe(0);
    // Where a program and its break lie, but no mapping: mappings begin between 0x7eff… and 0x7fff….
    expect(found(first.replaceAll(/0x7[ef](?=\w{10})/g, "0x55"))).toBe(0);
  });
});

/** Numbers of the lines that differ. */
function differing(one: string, other: string): number[] {
  const others = other.split("\n");
  return one.split("\n").flatMap((line, i) => (line === others[i] ? [] : [i + 1]));
}

/** Requested bytes of the blocks that the log leaves live. */
function liveBytes(log: string): number {
  const live = new Map<string, number>();
  for (const line of log.split("\n")) {
    const [, call, first, second, result] =
      /(\w+)\((\w+)(?:, (\w+))?\)(?: = (\w+))?/.exec(line) ?? [];
    if (call === "free" || call === "realloc") {
      live.delete(first!);
    }
    if (result === undefined) {
      continue;
    }
    const bytes = call === "calloc" ? Number(first) * Number(second) : Number(second ?? first);
    live.set(result, bytes);
  }
  return [...live.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function fail(): never {
  throw new Error("there is no model");
}
