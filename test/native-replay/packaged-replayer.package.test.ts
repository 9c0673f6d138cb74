import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import { compileNative } from "../../src/native/compile-native.ts";
import { HOOK_ARCHES, type HookArch } from "../../src/native/hook-arches.ts";
import { fileOf, REPLAYER } from "../../src/native/native-programs.ts";
import type { Measurements } from "../../src/report/contract/measurements.ts";
import { OWN_CORPUS } from "../support/corpus.ts";
import { mallog, newFolder } from "../support/run-mallog.ts";
import { neededLibraries, newestGlibc } from "../support/shared-objects.ts";

/** The replayers that the package brings, as `npm run build` made them just now. */

const ARM_COMPILER = "aarch64-linux-gnu-gcc";
const compilers: Readonly<Record<HookArch, string>> = { x86_64: "cc", aarch64: ARM_COMPILER };

const packaged = (arch: HookArch): string =>
  fileURLToPath(new URL(`../../dist/native/${fileOf(REPLAYER, arch)}`, import.meta.url));

function has(command: string): boolean {
  return process.env.CI !== undefined || spawnSync(command, ["--version"]).status === 0;
}

describe.each(HOOK_ARCHES.map((arch) => ({ arch, compiler: compilers[arch] })))(
  "the packaged replayer for $arch (skipped without $compiler)",
  ({ arch, compiler }) => {
    const it = test.skipIf(process.arch !== "x64" || !has(compiler));

    it("has the bytes that the compiler makes", () => {
      const target = join(newFolder(), "replayer");
      compileNative(REPLAYER, arch, target, process);
      expect(readFileSync(target).equals(readFileSync(packaged(arch)))).toBe(true);
    });

    it("runs with every glibc from 2.17 on", () => {
      expect(newestGlibc(packaged(arch))).toBeLessThanOrEqual(17);
      for (const name of neededLibraries(packaged(arch))) {
        expect(name).toMatch(/^(lib(c|dl|pthread)\.so\.\d|ld-linux-(x86-64|aarch64)\.so\.\d)$/);
      }
    });
  },
);

const canEmulate = process.arch === "x64" && has(ARM_COMPILER) && has("qemu-aarch64");
const why = canEmulate ? "" : ` (skipped: no ${ARM_COMPILER} or qemu-aarch64)`;

/** A "compiler" whose replayer is that of the package for arm64, emulated. */
function emulatingCompiler(): string {
  const path = join(newFolder(), "cc");
  const run = `exec qemu-aarch64 -L /usr/aarch64-linux-gnu "${packaged("aarch64")}" "$@"`;
  const text = `#!/bin/sh
while [ "$1" != -o ]; do shift; done
cat >/dev/null
printf '%s\\n' '#!/bin/sh' '${run}' >"$2"
chmod +x "$2"
`;
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

describe.skipIf(!canEmulate)(`the packaged replayer for aarch64, emulated${why}`, () => {
  // qemu-user keeps the memory above a break that is lowered: these logs' main heap never shrinks that way.
  // The second log has threads, whose stacks must not count.
  it.each(["perl-churn-g223", "xz-t2-g236"])("measures what is predicted: %s", async (name) => {
    const env = { PATH: process.env.PATH, CC: emulatingCompiler(), XDG_CACHE_HOME: newFolder() };
    const log = join(OWN_CORPUS, name, "trace.log.gz");
    const { out, err } = await mallog(["verify", log, "--json"], reportOfLog("test", null), {
      env,
    });
    expect(err).toBe("");
    const { runs }: Measurements = JSON.parse(out);
    expect(runs.map(({ error }) => error)).toEqual(runs.map(() => ({ peakBytes: 0, endBytes: 0 })));
  });
});
