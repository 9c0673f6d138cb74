import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NoSymbolizer, symbolsOf } from "../../src/native/symbolizer.ts";
import { newFolder } from "../support/run-mallog.ts";

const CODE = `#include <stdlib.h>
static __attribute__((noinline)) void *hidden(int n) { return malloc(n) + 1; }
void *shown(int n) {
  void *p = malloc(n + 1);
  return p ? hidden(n) : p;
}
`;

function isInstalled(command: string): boolean {
  return spawnSync(command, ["--version"]).status === 0;
}

const TOOLS = ["llvm-symbolizer", "addr2line"].filter(isInstalled);

/** A library, with debug information or without any symbols but the exported ones, and the return addresses of its calls. */
function library(...options: string[]): { file: string; returns: number[] } {
  const folder = newFolder();
  const [source, file] = [join(folder, "calls.c"), join(folder, "libcalls.so")];
  writeFileSync(source, CODE);
  execFileSync("gcc", ["-O1", "-fPIC", "-shared", ...options, "-o", file, source], { cwd: folder });
  const code = execFileSync("objdump", ["-d", "--section=.text", file]).toString();
  const lines = code.split("\n");
  const returns = lines.flatMap((line, i) =>
    /call.*malloc/.test(line) ? Number.parseInt(lines[i + 1]!, 16) : [],
  );
  expect(returns).toHaveLength(2);
  return { file, returns };
}

/** An environment in which only one of the programs is found. */
function only(tool: string | null): Record<string, string> {
  const folder = join(newFolder(), "bin");
  mkdirSync(folder);
  if (tool !== null) {
    const path = execFileSync("sh", ["-c", `command -v ${tool}`])
      .toString()
      .trim();
    symlinkSync(path, join(folder, tool));
  }
  return { PATH: folder };
}

const canBuild = isInstalled("gcc") && isInstalled("objdump");

describe.skipIf(!canBuild || TOOLS.length === 0)("return addresses", () => {
  it.each(TOOLS)("have functions and lines where there is debug information: %s", async (tool) => {
    const { file, returns } = library("-g");
    const names = await symbolsOf(file, returns, only(tool));
    expect([...names.values()]).toMatchObject([
      { symbol: "hidden", line: 2 },
      { symbol: "shown", line: 4 },
    ]);
    expect(names.get(returns[0]!)?.file).toMatch(/calls\.c$/);
  });

  it.each(TOOLS)("get no name that is only near, in a stripped library: %s", async (tool) => {
    const { file, returns } = library("-s");
    const names = await symbolsOf(file, returns, only(tool));
    expect(names.get(returns[0]!)).toBeUndefined();
    if (tool === "llvm-symbolizer") {
      expect(names.get(returns[1]!)).toEqual({ symbol: "shown", file: null, line: null });
    }
  });

  it("get no name in files that are not there, no files, or no code", async () => {
    const env = only(TOOLS[0]!);
    const text = join(newFolder(), "text");
    writeFileSync(text, "no code\n");
    for (const file of ["/no/such/file.so", "/dev/zero", "libz.so.1", text]) {
      expect((await symbolsOf(file, [100], env)).size).toBe(0);
    }
  });

  it("cannot be named if no program for it is installed", async () => {
    const { file, returns } = library();
    await expect(symbolsOf(file, returns, only(null))).rejects.toThrow(NoSymbolizer);
  });
});
