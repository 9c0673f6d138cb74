import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { CProgram } from "../support/c-program.ts";
import { DEBIAN_GLIBCS, debianGlibc } from "../support/debian-glibc.ts";
import { type Loader, realGlibc } from "../support/glibc-driver.ts";
import { comments, Hook, misses, withParentsOf } from "../support/hooked.ts";
import { newFolder } from "../support/run-mallog.ts";

/** The hook, built once, with the glibcs of Debian's releases. */

const hook = new Hook();
const stress = new CProgram("hook-stress");
const machine = realGlibc();
const skipped = machine.available ? "" : ` (skipped: ${machine.reason})`;

/** The logs of all processes by their names. */
function record({ program, libraryPath }: Loader, order: string): Map<string, Buffer> {
  const folder = newFolder();
  const env = hook.env(join(folder, "malloc.%p.log"), { MALLOG_ORDER: order });
  const argv = ["--library-path", libraryPath, stress.path, "24", "400"];
  const { status, signal, stderr } = spawnSync(program, argv, { env, encoding: "utf8" });
  expect([status, signal, stderr]).toEqual([0, null, ""]);
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

describe.skipIf(!machine.available)(`the hook with another glibc${skipped}`, () => {
  beforeAll(() => {
    hook.compile();
    const start = fileURLToPath(new URL("../support/old-start.h", import.meta.url));
    const libraries = ["-Wl,--no-as-needed", "-l:libpthread.so.0", "-l:libdl.so.2"];
    stress.compile("-O1", "-nostartfiles", "-fno-stack-protector", "-include", start, ...libraries);
  }, 120_000);

  describe.each(DEBIAN_GLIBCS)("$glibc", ({ glibc, release }) => {
    it("records threads, signals and forks in both orders", { timeout: 120_000 }, async ({
      skip,
    }) => {
      const fetched = await debianGlibc(glibc, release);
      if (!fetched.available) {
        return skip(fetched.reason);
      }
      for (const order of ["free", "exact"]) {
        const logs = record(fetched.loader, order);
        expect(logs.size).toBe(7);
        for (const [name, log] of logs) {
          expect(comments(log, "glibc")).toEqual([glibc]);
          const whole = await withParentsOf(name, logs);
          expect(misses(whole)).toMatchObject({ pointers: 0, malformed: 0 });
        }
      }
    });
  });
});
