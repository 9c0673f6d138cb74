import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../../src/report/report.ts";
import { CProgram } from "../../support/c-program.ts";
import { analyse, scenario } from "../../support/corpus.ts";
import { realGlibc } from "../../support/glibc-driver.ts";

/** Sizes that a hook cut by %u (test/support/cut-sizes.c), against the same run's log by %zu. */
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
  });
}

/** All that the two logs must have in common: not how well a model foresaw the pointers. */
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
    "are set right: all figures are those of the whole ones, %d rounds",
    (rounds) => {
      const [whole, cut] = logs(rounds);
      const [told, found] = [analysed(whole), analysed(cut)];
      expect(figures(found)).toEqual(figures(told));
      expect(told.live.bytes).toBe(liveBytes(whole));
      expect(told.live.peakBytes).toBeGreaterThan(20 * 2 ** 30);
      expect(told.model?.inferred.cutSizes).toBe(0);
      const cutSizes = differing(whole, cut).length;
      expect(cutSizes).toBe(7 * rounds);
      expect(found.model?.inferred).toEqual({ ...told.model?.inferred, cutSizes });
      // Of those that are too small for a mapping as printed, the pointer was not foreseen.
      const { compared, equal, firstDivergence } = found.model?.fidelity ?? fail();
      expect(told.model?.fidelity.ratio).toBe(1);
      expect(compared - equal).toBe(4 * rounds);
      expect(firstDivergence?.line).toBe(differing(whole, cut)[0]);
      expect(firstDivergence?.modelled).toBe("in a heap, as 100 bytes are");
    },
  );

  it("stand where only a block that may be mapped as printed is cut: nothing is proof", () => {
    const [, cut] = logs(1);
    const isOther = (line: string) => !/ = 0x7/.test(line) || /\((1048576|1073741824)\)/.test(line);
    const { model, live } = analysed(cut.split("\n").filter(isOther).join("\n"));
    expect(model?.inferred.cutSizes).toBe(0);
    expect(live.bytes).toBeLessThan(2 ** 31);
  });

  it("are not sought once the log has printed a whole one", () => {
    const [whole, cut] = logs(1);
    const line = differing(whole, cut)[0]! - 1;
    const lines = cut.split("\n");
    lines[line] = whole.split("\n")[line]!;
    expect(analysed(lines.join("\n")).model?.inferred.cutSizes).toBe(0);
  });

  it("are not believed where something else lies in the 4 GiB", () => {
    const [, cut] = logs(1);
    const pointer = Number(/malloc\(100\) = (0x7\w+)/.exec(cut)?.[1]);
    const inside = `0x${(pointer + 2 ** 31).toString(16)}`;
    const to = cut.indexOf("malloc(1073741824)");
    const first = cut.slice(0, cut.lastIndexOf("\n", to) + 1);
    const found = (log: string) => analysed(log).model?.inferred.cutSizes;
    expect(found(first)).toBe(1);
    expect(found(first.replace(/(?<=malloc\(1048576\) = )0x\w+/, inside))).toBe(0);
    // A caller: code is mapped there.
    expect(found(first.replace("1 malloc(100) = 0x7", `1 [${inside}] malloc(100) = 0x7`))).toBe(0);
    expect(found(`${first}1 malloc(200000) = ${inside}\n`)).toBe(0);
    // Where a program lies and its break, and no mapping. (Those begin anywhere from 0x7eff… to 0x7fff….)
    expect(found(first.replaceAll(/0x7[ef](?=\w{10})/g, "0x55"))).toBe(0);
  });
});

describe("small blocks with mappings of their own", () => {
  const HEAP = 0x5555_5555_7000;
  const MAPPED = 0x7f00_0000_0010;
  const inHeap = Array.from({ length: 300 }, (_, i) => malloc(1, 100, HEAP + 0x2a0 + i * 112));
  const cutSizes = (...lines: string[]) =>
    analysed(`${[...inHeap, ...lines].join("\n")}\n`).model?.inferred.cutSizes;

  it("are larger than printed where nothing else explains them", () => {
    expect(cutSizes(malloc(1, 200, MAPPED))).toBe(1);
  });

  it("are as printed where the program has lowered its mmap threshold, by a line of the log or past it", () => {
    expect(cutSizes("1 mallopt(-3, 64) = 1", malloc(1, 200, MAPPED))).toBe(0);
    const downwards = [0, 1, 2, 3].map((i) => malloc(1, 200, MAPPED - i * 4096));
    expect(cutSizes(...downwards)).toBe(0);
  });

  it("are judged where they stand, once lines around them were put in order", () => {
    const first = HEAP + 0x2a0;
    const lines = [
      // Freed three lines below, by a thread whose line came late: free(first) belongs above.
      malloc(1, 100, first),
      `1 free(0x${(first + 112).toString(16)})`,
      malloc(2, 200, MAPPED),
      `3 free(0x${first.toString(16)})`,
    ];
    expect(cutSizes(...lines)).toBe(1);
  });

  it("are as printed where a thread's heap lies in the 4 GiB", () => {
    const heap = MAPPED - 0x10 + 2 ** 30;
    const ofThread = [0, 1].map((i) => malloc(2, 100, heap + 0xb70 + i * 112));
    expect(cutSizes(...ofThread, malloc(1, 200, MAPPED))).toBe(0);
  });
});

function malloc(tid: number, size: number, pointer: number): string {
  return `${tid} malloc(${size}) = 0x${pointer.toString(16)}`;
}

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
