import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { CProgram } from "../support/c-program.ts";
import { analyse, OWN_CORPUS, UNKNOWN_PROCESS } from "../support/corpus.ts";
import { realGlibc } from "../support/glibc-driver.ts";

/** A real log that a parent and its forked child write at once (test/support/forks.c). */
const program = new CProgram("forks");
const glibc = realGlibc();

if (!glibc.available) {
  it.skip(`a log of two processes: ${glibc.reason}`);
}

const analysed = (log: string, glibc = "auto") =>
  analyse(Buffer.from(log), { ...UNKNOWN_PROCESS, glibc });

it("does not report one process whose hook misses frees", () => {
  const file = join(OWN_CORPUS, "mt-baton24-g236", "trace.log.gz");
  const whole = gunzipSync(readFileSync(file)).toString("latin1");
  const log = whole.slice(0, whole.lastIndexOf("\n", 1_000_000) + 1);
  const { findings, threads } = analysed(log.replace(/^.* free\(.*\n/gm, ""), "2.36");
  // Its threads often receive each other's addresses, too.
  const often = threads.filter(({ takenFromOthers, calls: { total } }) => {
    return takenFromOthers > 16 && takenFromOthers > total / 10;
  });
  expect(often.length).toBeGreaterThan(1);
  expect(findings.map(({ kind }) => kind)).not.toContain("several-processes");
});

describe.skipIf(!glibc.available)("a log of a process and its forked child", () => {
  beforeAll(() => {
    program.compile("-O1", "-fno-builtin", "-w");
  });

  const logged = (steps: number) =>
    execFileSync(program.path, [String(steps)], { encoding: "utf8" });

  it("is reported with its cure, and no setting is inferred", () => {
    const { findings, model, threads } = analysed(logged(1000));
    const found = findings.find(({ kind }) => kind === "several-processes");
    expect(found?.severity).toBe("critical");
    expect(found?.message).toContain("log each process to a separate file");
    expect(threads.map(({ tid }) => tid)).toContain(found?.evidence.tid);
    expect(model?.settings).toEqual({});
    expect(model?.fidelity.ratio).toBeLessThan(0.9);
  });

  it("is clean without the child's lines", () => {
    const log = logged(1000);
    const parent = log.slice(0, log.indexOf(" "));
    const lines = log.split("\n").filter((line) => line.startsWith(`${parent} `));
    const { findings, model } = analysed(`${lines.join("\n")}\n`);
    expect(findings.map(({ kind }) => kind)).not.toContain("several-processes");
    expect(model?.fidelity.ratio).toBe(1);
  });
});
