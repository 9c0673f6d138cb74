import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CProgram } from "../support/c-program.ts";
import { canRecord, Hook, misses } from "../support/hooked.ts";
import { newFolder } from "../support/run-mallog.ts";

/** The hook under the compiler's sanitizers: undefined behaviour ends the program, as do accesses beyond a buffer. */

const hook = new Hook();
const stress = new CProgram("hook-stress");
const calls = new CProgram("hook-calls");
const parts = new CProgram("hook-parts");
const canSanitize = canRecord && hasAddressSanitizer();

function hasAddressSanitizer(): boolean {
  const flags = ["-fsanitize=address,undefined", "-x", "c", "-", "-o", "/dev/null"];
  return spawnSync("gcc", flags, { input: "int main(void) { return 0; }" }).status === 0;
}

const skipped = canSanitize ? "" : " (skipped: gcc has no AddressSanitizer here)";

describe.skipIf(!canSanitize)(`the hook${skipped}`, () => {
  it("does nothing undefined while it records", () => {
    // A trap needs no runtime library, which would have a malloc of its own.
    hook.compile("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error");
    stress.compile("-O1", "-pthread");
    calls.compile("-O1", "-fno-builtin", "-pthread");
    for (const order of ["free", "exact"]) {
      const env = { MALLOG_ORDER: order };
      const { status, largest } = hook.record(stress.path, ["64", "300"], { env });
      expect([status.status, status.signal, status.stderr]).toEqual([0, null, ""]);
      expect(misses(largest)).toMatchObject({ pointers: 0, malformed: 0 });
    }
    for (const what of ["all", "unwritten", "threads", "fork"]) {
      const { status } = hook.record(calls.path, [what]);
      expect([status.status, status.signal]).toEqual([0, null]);
    }
  }, 60_000);

  it("keeps within its buffers, and loses no line while a window is made", () => {
    const folder = fileURLToPath(new URL("../../src/native", import.meta.url));
    const flags = "-std=gnu11 -O1 -g -fno-builtin -pthread -fno-sanitize-recover=all".split(" ");
    parts.compile(...flags, "-fsanitize=address,undefined", `-I${folder}`);
    const argv = [join(newFolder(), "parts.log")];
    expect(execFileSync(parts.path, argv, { encoding: "utf8", stdio: "pipe" })).toBe("");
  }, 60_000);
});
