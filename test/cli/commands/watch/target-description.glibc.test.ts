import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { sseRegisters } from "../../../../src/cli/commands/watch/target-description.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "mallog-registers-"));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const canDebug = process.arch === "x64" && spawnSync("gdb", ["--version"]).status === 0;

it.skipIf(!canDebug)(
  "gdb calls a function by the described registers (skipped without gdb)",
  () => {
    const file = join(FOLDER, "registers.xml");
    writeFileSync(file, sseRegisters());
    const child = spawn("sleep", ["60"]);
    try {
      const { stdout, stderr } = spawnSync(
        "gdb",
        [
          ...["-nx", "-batch", "-iex", `set tdesc filename ${file}`, "-p", `${child.pid}`],
          ...["-ex", "print $orig_rax >= 0", "-ex", "print sizeof($xmm0)"],
          ...["-ex", "call (int)getpid()"],
        ],
        { encoding: "utf8" },
      );
      expect(stderr).not.toMatch(/target description/);
      expect(stdout).toMatch(new RegExp(`^\\$1 = 1\\n\\$2 = 16\\n\\$3 = ${child.pid}$`, "m"));
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill();
    }
  },
);
