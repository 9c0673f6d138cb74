import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { compileNative } from "../../src/native/compile-native.ts";
import { HOOK_ARCHES, type HookArch } from "../../src/native/hook-arches.ts";
import { fileOf, HOOK } from "../../src/native/native-programs.ts";
import { canRecord, misses } from "../support/hooked.ts";
import { MALLOG } from "../support/mallog-command.ts";
import { newFolder } from "../support/run-mallog.ts";
import { neededLibraries, newestGlibc } from "../support/shared-objects.ts";

/** The hooks that the package brings, as `npm run build` made them just now. */

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const packaged = (arch: HookArch) => join(DIST, "native", fileOf(HOOK, arch));

/** e_machine of ELF */
const MACHINES: Readonly<Record<HookArch, number>> = { x86_64: 62, aarch64: 183 };

const ARM_COMPILER = "aarch64-linux-gnu-gcc";
const ARM_LIBRARIES = "/usr/aarch64-linux-gnu";

function has(command: string): boolean {
  return process.env.CI !== undefined || spawnSync(command, ["--version"]).status === 0;
}

const compilers: Readonly<Record<HookArch, string>> = { x86_64: "cc", aarch64: ARM_COMPILER };

describe.each(HOOK_ARCHES.map((arch) => ({ arch, compiler: compilers[arch] })))(
  "the packaged hook for $arch (skipped without $compiler)",
  ({ arch, compiler }) => {
    const it = test.skipIf(process.arch !== "x64" || !has(compiler));

    it("has the bytes that the compiler makes each time", () => {
      const built = () => {
        const target = join(newFolder(), "hook.so");
        compileNative(HOOK, arch, target, process);
        return readFileSync(target);
      };
      const first = built();
      expect(first.equals(built())).toBe(true);
      expect(first.equals(readFileSync(packaged(arch)))).toBe(true);
      expect(first.readUInt16LE(18)).toBe(MACHINES[arch]);
    });

    it("asks for no symbol of a glibc after 2.17, and for nothing but glibc", () => {
      expect(newestGlibc(packaged(arch))).toBeLessThanOrEqual(17);
      for (const name of neededLibraries(packaged(arch))) {
        expect(name).toMatch(/^(libc\.so\.6|ld-linux-(x86-64\.so\.2|aarch64\.so\.1))$/);
      }
    });

    it("is what mallog hook writes, without a compiler and without a home", () => {
      const folder = newFolder();
      const { status, stdout } = spawnSync(
        process.execPath,
        [MALLOG, "hook", "--arch", arch, "-o", "hook.so"],
        { cwd: folder, env: { PATH: "/nonexistent" }, encoding: "utf8" },
      );
      expect([status, stdout]).toEqual([0, ""]);
      expect(readFileSync(join(folder, "hook.so")).equals(readFileSync(packaged(arch)))).toBe(true);
    });
  },
);

const canEmulate = process.arch === "x64" && has(ARM_COMPILER) && has("qemu-aarch64");

describe.skipIf(!canEmulate)(
  `the packaged hook for aarch64, emulated${canEmulate ? "" : ` (skipped: no ${ARM_COMPILER} or qemu-aarch64)`}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "mallog-arm-"));
    const program = join(folder, "hook-calls");
    afterAll(() => rmSync(folder, { recursive: true }));
    beforeAll(() => {
      const source = fileURLToPath(new URL("../support/hook-calls.c", import.meta.url));
      const flags = ["-O1", "-fno-builtin", "-pthread"];
      execFileSync(ARM_COMPILER, [...flags, "-o", program, source], { stdio: "pipe" });
    }, 120_000);

    it.each(["all", "threads", "unwritten", "many 3000"])("records %s", (argv) => {
      const file = join(newFolder(), "malloc.log");
      const preload = ["-E", `LD_PRELOAD=${packaged("aarch64")}`];
      // The hook reads its settings from /proc/self/environ, which is that of the emulator.
      execFileSync("qemu-aarch64", ["-L", ARM_LIBRARIES, ...preload, program, ...argv.split(" ")], {
        env: { PATH: process.env.PATH, MALLOG_OUT: file },
      });
      const log = readFileSync(file);
      expect(log.toString("latin1")).toMatch(/^# arch aarch64$/m);
      expect(misses(log)).toEqual({ pointers: 0, malformed: 0, samples: 0 });
    });
  },
);

describe.skipIf(!canRecord)("a package in a folder whose name has a blank", () => {
  it("records, and warns where it prints the hook's path", () => {
    const folder = join(newFolder(), "my programs");
    cpSync(dirname(MALLOG), join(folder, "bin"), { recursive: true });
    cpSync(DIST, join(folder, "dist"), { recursive: true });
    const run = (...argv: readonly string[]) =>
      spawnSync(process.execPath, [join(folder, "bin", "mallog.js"), ...argv], {
        cwd: folder,
        env: { PATH: process.env.PATH },
        encoding: "utf8",
      });
    const { status, stdout, stderr } = run("record", "-q", "--", "ls");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("the model reproduced");
    expect(run("hook").stderr).toMatch(/^mallog: LD_PRELOAD cannot name this path/);
  });
});

describe("a package that was made without compilers", () => {
  it("says what to install where there is no compiler either", () => {
    const folder = newFolder();
    const bin = dirname(MALLOG);
    cpSync(bin, join(folder, "bin"), { recursive: true });
    cpSync(DIST, join(folder, "dist"), {
      recursive: true,
      filter: (path) => !path.endsWith(".so"),
    });
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(folder, "bin", "mallog.js"), "hook"],
      { env: { PATH: "/nonexistent", HOME: folder }, encoding: "utf8" },
    );
    expect(status).toBe(3);
    expect(stderr).toMatch(
      /^mallog: the hook is built at its first use, .*install gcc and libc6-dev.*\n$/,
    );
  });
});
