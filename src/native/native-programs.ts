import { readFileSync } from "node:fs";
import type { HookArch } from "./hook-arches.ts";

/** What is built of C. */
export interface NativeProgram {
  /** as messages have it */
  readonly name: "hook" | "replayer";
  /** what this machine could do with it */
  readonly purpose: string;
  /** of the built file */
  readonly ending: ".so" | "";
  /** of its C source in src/native, one after another */
  readonly files: readonly string[];
  readonly flags: readonly string[];
  /** behind the source */
  readonly libraries: readonly string[];
}

/** No build id, no debug information, no paths: the same compiler gives the same bytes. */
const REPRODUCIBLE = "-s -Wl,--build-id=none,--hash-style=gnu,-z,noexecstack";

/** Without the C library's start files nothing is linked that depends on the glibc of the machine that builds. */
const FOR_ANY_GLIBC = "-std=c11 -O2 -fvisibility=hidden -fno-stack-protector -nostartfiles";

/** The hook and what attaches it to a running process. */
export const HOOK: NativeProgram = {
  name: "hook",
  purpose: "programs can be recorded",
  ending: ".so",
  files: ["hook.c", "attach.c"],
  flags: `${FOR_ANY_GLIBC} -fPIC -shared ${REPRODUCIBLE}`.split(" "),
  libraries: [],
};

/** It exports functions of malloc, which the compiler would else take for those it knows. */
export const REPLAYER: NativeProgram = {
  name: "replayer",
  purpose: "calls can be replayed natively",
  ending: "",
  files: [
    "prelude",
    "output",
    "own-memory",
    "allocator",
    "threads",
    "resident",
    "sampling",
    "operations",
    "in-order",
    "side-by-side",
    "main",
  ].map((name) => `replayer/${name}.c`),
  flags: `${FOR_ANY_GLIBC} -fPIE -pie -fno-builtin -rdynamic ${REPRODUCIBLE}`.split(" "),
  // Before 2.34 these libraries have the threads and dlsym; since then they are empty.
  libraries: "-Wl,--no-as-needed -l:libpthread.so.0 -l:libdl.so.2".split(" "),
};

/** The built program's file in dist/native. */
export function fileOf({ name, ending }: NativeProgram, arch: HookArch): string {
  return `${name}-${arch}${ending}`;
}

/** One C source. The relative path of its files is the same from src/native and from dist/node. */
export function sourceOf({ files }: NativeProgram): string {
  return files
    .map((name) => readFileSync(new URL(`../native/${name}`, import.meta.url), "utf8"))
    .join("\n");
}
