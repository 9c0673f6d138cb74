import { spawnSync } from "node:child_process";
import type { HookArch } from "./hook-arches.ts";
import { type NativeProgram, sourceOf } from "./native-programs.ts";

/** Why a program cannot be built: one line, with what to do about it. */
export class BuildError extends Error {}

export interface BuildPlace {
  /** of the machine that builds, as Node.js names them */
  readonly platform: string;
  readonly arch: string;
  /** CC, PATH, XDG_CACHE_HOME, HOME */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const HOST_ARCHES: Readonly<Record<string, HookArch>> = { x64: "x86_64", arm64: "aarch64" };

/** The oldest machines of each kind: some distributions' compilers build for newer ones. */
const OLDEST_MACHINE: Readonly<Record<HookArch, string>> = {
  x86_64: "-march=x86-64",
  aarch64: "-march=armv8-a",
};

/** All that the built file depends on: the flags, and the commands to try, the best one first. */
export interface Toolchain {
  readonly commands: readonly string[];
  readonly flags: readonly string[];
}

/** CC is for this machine; another one's compiler has the name of its machine. */
export function toolchain(
  program: NativeProgram,
  arch: HookArch,
  { platform, arch: host, env }: BuildPlace,
): Toolchain {
  const flags = [...program.flags, OLDEST_MACHINE[arch]];
  if (HOST_ARCHES[host] !== arch || platform !== "linux") {
    return { commands: [`${arch}-linux-gnu-gcc`], flags };
  }
  return { commands: env.CC ? [env.CC] : ["cc", "gcc", "clang"], flags };
}

/**
 * Builds a program for `arch` into `target`.
 * @throws BuildError there is no compiler, or it fails
 */
export function compileNative(
  program: NativeProgram,
  arch: HookArch,
  target: string,
  place: BuildPlace,
): void {
  const { commands, flags } = toolchain(program, arch, place);
  for (const command of commands) {
    // CC may have options of its own: ccache gcc.
    const [compiler = "cc", ...first] = command.split(/\s+/);
    const { error, status, stderr } = spawnSync(
      compiler,
      [...first, ...flags, "-o", target, "-x", "c", "-", "-x", "none", ...program.libraries],
      {
        input: sourceOf(program),
        encoding: "utf8",
        env: { ...place.env, LD_PRELOAD: undefined, LC_ALL: "C" },
      },
    );
    // A compiler that ends before it has read the source (EPIPE) has a status.
    if (error !== undefined && status === null) {
      continue;
    }
    if (status !== 0) {
      throw new BuildError(failedText(program, command, stderr, arch));
    }
    return;
  }
  throw new BuildError(missingText(program, commands, arch));
}

function failedText(
  { name }: NativeProgram,
  command: string,
  output: string,
  arch: HookArch,
): string {
  const line = output.split("\n").find((text) => text.includes("error:")) ?? output.split("\n")[0];
  if (/\.h: No such file/.test(output)) {
    return `${command} cannot build the ${name}: the C library's headers are missing; install libc6-dev (Debian, Ubuntu) or glibc-devel (Fedora, RHEL, SUSE)`;
  }
  return `${command} cannot build the ${name} for ${arch}: ${line ?? "no message"}`;
}

function missingText(
  { name }: NativeProgram,
  [first = "cc", ...others]: readonly string[],
  arch: HookArch,
): string {
  if (others.length === 0) {
    const byHand = `, or build it there: mallog hook --source | cc -O2 -fPIC -shared -o mallog-hook.so -x c -`;
    const install = first.endsWith("-linux-gnu-gcc")
      ? `; install gcc-${arch.replace("_", "-")}-linux-gnu${name === "hook" ? byHand : ""}`
      : "; CC names it";
    return `the ${name} is built at its first use, and there is no ${first}${install}`;
  }
  return `the ${name} is built at its first use, and there is no C compiler: install gcc and libc6-dev (Debian, Ubuntu), or gcc and glibc-devel (Fedora, RHEL, SUSE)`;
}
