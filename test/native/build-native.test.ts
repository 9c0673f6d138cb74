import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { builtProgram, hostArch } from "../../src/native/build-native.ts";
import { BuildError } from "../../src/native/compile-native.ts";
import { HOOK, REPLAYER } from "../../src/native/native-programs.ts";
import { newFolder } from "../support/run-mallog.ts";

/** A "compiler" that counts its runs, and writes what it was given as the library. */
function compiler(folder: string, script = ""): string {
  const path = join(folder, "fake-cc");
  const text = `#!/bin/sh
echo run >>"${folder}/runs"
${script}
while [ "$1" != -o ]; do shift; done
cat >"$2"
`;
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

function runs(folder: string): number {
  const file = join(folder, "runs");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}

const LINUX = { platform: "linux", arch: "x64" };

function env(folder: string, more: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? "", HOME: folder, ...more };
}

describe("the replayer", () => {
  it("is built as the hook is, and says what it is for", () => {
    const folder = newFolder();
    const place = { ...LINUX, env: env(folder, { CC: compiler(folder) }) };
    const path = builtProgram(REPLAYER, "x86_64", place);
    expect(path).toMatch(/\/\.cache\/mallog\/replayer-x86_64-[0-9a-f]{16}$/);
    expect(readFileSync(path, "utf8")).toContain("heap_rss");
    expect(() => hostArch(REPLAYER, { platform: "darwin", arch: "arm64", env: {} })).toThrow(
      /calls can be replayed natively on Linux on x86_64 and aarch64 only/,
    );
    const none = { PATH: folder, HOME: folder };
    expect(() => builtProgram(REPLAYER, "x86_64", { ...LINUX, env: none })).toThrow(
      /the replayer is built at its first use, and there is no C compiler: install gcc/,
    );
  });
});

describe("the hook", () => {
  it("is built once, into the cache folder", () => {
    const folder = newFolder();
    const place = { ...LINUX, env: env(folder, { CC: compiler(folder) }) };
    const path = builtProgram(HOOK, "x86_64", place);
    expect(path).toMatch(/\/\.cache\/mallog\/hook-x86_64-[0-9a-f]{16}\.so$/);
    expect(readFileSync(path, "utf8")).toContain("EXPORT void *malloc(size_t size)");
    expect(builtProgram(HOOK, "x86_64", place)).toBe(path);
    expect(runs(folder)).toBe(1);

    const cache = newFolder();
    const elsewhere = { ...LINUX, env: { ...place.env, XDG_CACHE_HOME: cache } };
    expect(builtProgram(HOOK, "x86_64", elsewhere)).toBe(
      join(cache, "mallog", path.split("/").at(-1)!),
    );
    expect(runs(folder)).toBe(2);
  });

  it("is not there if the compiler fails, and the compiler's message is", () => {
    const folder = newFolder();
    const script = 'echo "<stdin>:3:1: error: no luck" >&2; exit 1';
    const place = { ...LINUX, env: env(folder, { CC: compiler(folder, script) }) };
    expect(() => builtProgram(HOOK, "x86_64", place)).toThrow(
      /cannot build the hook for x86_64: .*no luck/,
    );
    expect(readdirSync(join(folder, ".cache", "mallog"))).toEqual([]);
  });

  it.each([
    ["fatal error: errno.h: No such file or directory", /headers are missing; install libc6-dev/],
    ["fatal error: linux/futex.h: No such file or directory", /headers are missing/],
  ])("names the package of missing headers: %s", (text, expected) => {
    const folder = newFolder();
    const script = `echo "${text}" >&2; exit 1`;
    const place = { ...LINUX, env: env(folder, { CC: compiler(folder, script) }) };
    expect(() => builtProgram(HOOK, "x86_64", place)).toThrow(expected);
  });

  it("names the package to install where there is no compiler", () => {
    const folder = newFolder();
    const none = { PATH: folder, HOME: folder };
    expect(() => builtProgram(HOOK, "x86_64", { ...LINUX, env: none })).toThrow(
      /no C compiler: install gcc and libc6-dev \(Debian, Ubuntu\)/,
    );
    expect(() => builtProgram(HOOK, "aarch64", { ...LINUX, env: none })).toThrow(
      /no aarch64-linux-gnu-gcc; install gcc-aarch64-linux-gnu, or build it there/,
    );
    expect(() => builtProgram(HOOK, "x86_64", { ...LINUX, env: { PATH: folder } })).toThrow(/HOME/);
  });

  it("is not built by CC for another machine, which CC is not for", () => {
    const folder = newFolder();
    const given = { PATH: folder, HOME: folder, CC: compiler(folder) };
    expect(() => builtProgram(HOOK, "aarch64", { ...LINUX, env: given })).toThrow(
      /no aarch64-linux-gnu-gcc/,
    );
    expect(runs(folder)).toBe(0);
  });

  it("is for this machine, which must run Linux", () => {
    expect(hostArch(HOOK, { ...LINUX, env: {} })).toBe("x86_64");
    expect(hostArch(HOOK, { platform: "linux", arch: "arm64", env: {} })).toBe("aarch64");
    for (const [platform, arch] of [
      ["darwin", "arm64"],
      ["linux", "riscv64"],
    ] as const) {
      expect(() => hostArch(HOOK, { platform, arch, env: {} })).toThrow(BuildError);
    }
  });
});
