import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { analyse } from "../support/corpus.ts";
import { realGlibc } from "../support/glibc-driver.ts";

/** A real log into which a parent and its forked child write at once (test/support/forks.c). */
const SOURCE = fileURLToPath(new URL("../support/forks.c", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mallog-forks-"));
const program = join(folder, "forks");
const glibc = realGlibc();

afterAll(() => rmSync(folder, { recursive: true }));

if (!glibc.available) it.skip(`a log of two processes: ${glibc.reason}`);

describe.skipIf(!glibc.available)("a log of a process and its forked child", () => {
  beforeAll(() => {
    execFileSync("gcc", ["-O1", "-fno-builtin", "-w", "-o", program, SOURCE]);
  });

  const analysed = (log: string) =>
    analyse(Buffer.from(log), {
      model: true,
      whatIfs: [],
      recordedWith: null,
      glibc: "auto",
      cpus: null,
      hostCpus: 2,
      touch: "all",
      thp: null,
    });
  const logged = (steps: number) => execFileSync(program, [String(steps)], { encoding: "utf8" });

  it("says so, and names the cure, and takes it for no setting", () => {
    const { findings, model, threads } = analysed(logged(1000));
    const found = findings.find(({ kind }) => kind === "several-processes");
    expect(found?.severity).toBe("critical");
    expect(found?.message).toContain("a file of its own");
    expect(threads.map(({ tid }) => tid)).toContain(found?.evidence.tid);
    expect(model?.settings).toEqual({});
    expect(model?.fidelity.ratio).toBeLessThan(0.9);
  });

  it("is all right without the child's lines", () => {
    const log = logged(1000);
    const parent = log.slice(0, log.indexOf(" "));
    const lines = log.split("\n").filter((line) => line.startsWith(`${parent} `));
    const { findings, model } = analysed(`${lines.join("\n")}\n`);
    expect(findings.map(({ kind }) => kind)).not.toContain("several-processes");
    expect(model?.fidelity.ratio).toBe(1);
  });
});
