import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  BuildError,
  type BuildPlace,
  compileNative,
  HOST_ARCHES,
  toolchain,
} from "./compile-native.ts";
import type { HookArch } from "./hook-arches.ts";
import { fileOf, type NativeProgram, sourceOf } from "./native-programs.ts";

/** @throws BuildError the machine is of another kind */
export function hostArch({ purpose }: NativeProgram, { platform, arch }: BuildPlace): HookArch {
  const known = HOST_ARCHES[arch];
  if (platform !== "linux" || known === undefined) {
    throw new BuildError(
      `${purpose} on Linux on x86_64 and aarch64 only, and this machine is ${platform} on ${arch}; mallog reads logs everywhere`,
    );
  }
  return known;
}

/**
 * Returns the path of the program for `arch`: the package's own, or else that in the user's cache folder.
 * @throws BuildError
 */
export function builtProgram(program: NativeProgram, arch: HookArch, place: BuildPlace): string {
  // The relative path is that from dist/node. Beside the sources there is none.
  const packaged = fileURLToPath(new URL(`../native/${fileOf(program, arch)}`, import.meta.url));
  return existsSync(packaged) ? packaged : cachedProgram(program, arch, place);
}

/** Builds the program at its first use: the file's name has the hash of all that it is made from. */
function cachedProgram(program: NativeProgram, arch: HookArch, place: BuildPlace): string {
  const { name, ending } = program;
  const { commands, flags } = toolchain(program, arch, place);
  const made = [sourceOf(program), ...flags, ...program.libraries, commands[0]].join("\0");
  const hash = createHash("sha256").update(made).digest("hex").slice(0, 16);
  const folder = cacheFolder(program, place);
  const target = join(folder, `${name}-${arch}-${hash}${ending}`);
  if (existsSync(target)) {
    return target;
  }
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new BuildError(
      `the ${name} cannot be built in ${folder}: ${reason(error)}; set XDG_CACHE_HOME to a folder that can be written`,
    );
  }
  const temporary = join(folder, `.${crypto.randomUUID()}${ending}`);
  try {
    compileNative(program, arch, temporary, place);
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
  return target;
}

function cacheFolder({ name }: NativeProgram, { env }: BuildPlace): string {
  if (env.XDG_CACHE_HOME?.startsWith("/")) {
    return join(env.XDG_CACHE_HOME, "mallog");
  }
  if (!env.HOME?.startsWith("/")) {
    throw new BuildError(
      `the ${name} is built into a folder below HOME, which is not set; set it, or XDG_CACHE_HOME`,
    );
  }
  return join(env.HOME, ".cache", "mallog");
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
