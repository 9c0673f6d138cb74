import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildPlace, compileHook, HOST_ARCHES, HookError, toolchain } from "./compile-hook.ts";
import { type HookArch, hookFile } from "./hook-arches.ts";
import { hookSource } from "./hook-source.ts";

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
 * Returns the path of the hook for `arch`: the package's own, or else that in the user's cache folder.
 * @throws HookError
 */
export function builtHook(arch: HookArch, place: BuildPlace): string {
  // The relative path is that from dist/node. Beside the sources there is none.
  const packaged = fileURLToPath(new URL(`../native/${hookFile(arch)}`, import.meta.url));
  return existsSync(packaged) ? packaged : cachedHook(arch, place);
}

/** Builds the hook at its first use: the file's name has the hash of all that it is made from. */
function cachedHook(arch: HookArch, place: BuildPlace): string {
  const { commands, flags } = toolchain(arch, place);
  const hash = createHash("sha256").update([hookSource(), ...flags, commands[0]].join("\0"));
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
    compileHook(arch, temporary, place);
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
  return target;
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
