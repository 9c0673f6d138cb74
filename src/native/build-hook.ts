import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { HookArch } from "./hook-arches.ts";
import { hookSource } from "./hook-source.ts";

/** Why there is no hook: one line, with what to do about it. */
export class HookError extends Error {}

export interface BuildPlace {
  /** of the machine that builds, as Node.js names them */
  readonly platform: string;
  readonly arch: string;
  /** CC, PATH, XDG_CACHE_HOME, HOME */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const HOST_ARCHES: Readonly<Record<string, HookArch>> = { x64: "x86_64", arm64: "aarch64" };

/**
 * Without the C library's start files nothing is linked that depends on the glibc of the machine that builds. No build id,
 * no debug information: the same compiler gives the same bytes.
 */
const FLAGS = [
  ..."-std=c11 -O2 -fPIC -shared -fvisibility=hidden -fno-stack-protector".split(" "),
  ..."-nostartfiles -s -Wl,--build-id=none,--hash-style=gnu,-z,noexecstack".split(" "),
];

/** @throws HookError the machine is of another kind */
export function hostArch({ platform, arch }: BuildPlace): HookArch {
  const known = HOST_ARCHES[arch];
  if (platform !== "linux" || known === undefined) {
    throw new HookError(
      `programs can be recorded on Linux on x86_64 and aarch64 only, and this machine is ${platform} on ${arch}; mallog reads logs everywhere`,
    );
  }
  return known;
}

/**
 * Returns the path of the hook for `arch` in the user's cache folder. Builds it there at its first use: the file's name has
 * the hash of all that it is made from.
 * @throws HookError
 */
export function builtHook(arch: HookArch, place: BuildPlace): string {
  const source = hookSource();
  const candidates = compilers(arch, place);
  const hash = createHash("sha256").update([source, ...FLAGS, candidates[0]].join("\0"));
  const folder = cacheFolder(place);
  const target = join(folder, `hook-${arch}-${hash.digest("hex").slice(0, 16)}.so`);
  if (existsSync(target)) {
    return target;
  }
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new HookError(
      `the hook cannot be built in ${folder}: ${reason(error)}; set XDG_CACHE_HOME to a folder that can be written`,
    );
  }
  const temporary = join(folder, `.${crypto.randomUUID()}.so`);
  try {
    compile(candidates, source, temporary, arch, place);
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
  return target;
}

/** The commands to try, the best one first. */
function compilers(arch: HookArch, place: BuildPlace): readonly string[] {
  if (place.env.CC !== undefined && place.env.CC !== "") {
    return [place.env.CC];
  }
  return HOST_ARCHES[place.arch] === arch && place.platform === "linux"
    ? ["cc", "gcc", "clang"]
    : [`${arch}-linux-gnu-gcc`];
}

function compile(
  candidates: readonly string[],
  source: string,
  target: string,
  arch: HookArch,
  { env }: BuildPlace,
): void {
  for (const command of candidates) {
    // CC may have options of its own: ccache gcc.
    const [program = "cc", ...first] = command.split(/\s+/);
    const { error, status, stderr } = spawnSync(
      program,
      [...first, ...FLAGS, "-o", target, "-x", "c", "-"],
      { input: source, encoding: "utf8", env: { ...env, LD_PRELOAD: undefined, LC_ALL: "C" } },
    );
    // A compiler that ends before it has read the source (EPIPE) has a status.
    if (error !== undefined && status === null) {
      continue;
    }
    if (status !== 0) {
      throw new HookError(failedText(command, stderr, arch));
    }
    return;
  }
  throw new HookError(missingText(candidates, arch));
}

function failedText(command: string, output: string, arch: HookArch): string {
  const line = output.split("\n").find((text) => text.includes("error:")) ?? output.split("\n")[0];
  if (/\.h: No such file/.test(output)) {
    return `${command} cannot build the hook: the C library's headers are missing; install libc6-dev (Debian, Ubuntu) or glibc-devel (Fedora, RHEL, SUSE)`;
  }
  return `${command} cannot build the hook for ${arch}: ${line ?? "no message"}`;
}

function missingText([first = "cc", ...others]: readonly string[], arch: HookArch): string {
  if (others.length === 0) {
    const install = first.endsWith("-linux-gnu-gcc")
      ? `; install gcc-${arch.replace("_", "-")}-linux-gnu, or build it there: mallog hook --source | cc -O2 -fPIC -shared -o mallog-hook.so -x c -`
      : "; CC names it";
    return `the hook is built at its first use, and there is no ${first}${install}`;
  }
  return "the hook is built at its first use, and there is no C compiler: install gcc and libc6-dev (Debian, Ubuntu), or gcc and glibc-devel (Fedora, RHEL, SUSE)";
}

function cacheFolder({ env }: BuildPlace): string {
  if (env.XDG_CACHE_HOME?.startsWith("/")) {
    return join(env.XDG_CACHE_HOME, "mallog");
  }
  if (!env.HOME?.startsWith("/")) {
    throw new HookError(
      "the hook is built into a folder below HOME, which is not set; set it, or XDG_CACHE_HOME",
    );
  }
  return join(env.HOME, ".cache", "mallog");
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
