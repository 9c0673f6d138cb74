import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { Parsed } from "../report/wording/parsed.ts";

interface KnownAllocator {
  /** names of its library, the preferred one first */
  readonly files: readonly string[];
  /** of Debian */
  readonly package: string;
}

const KNOWN: Readonly<Record<string, KnownAllocator>> = {
  jemalloc: { files: ["libjemalloc.so.2", "libjemalloc.so.1"], package: "libjemalloc2" },
  tcmalloc: {
    files: ["libtcmalloc_minimal.so.4", "libtcmalloc.so.4"],
    package: "libtcmalloc-minimal4",
  },
  mimalloc: {
    files: ["libmimalloc.so.3", "libmimalloc.so.2", "libmimalloc.so.2.0", "libmimalloc.so"],
    package: "libmimalloc2.0",
  },
};

export const KNOWN_ALLOCATORS: readonly string[] = Object.keys(KNOWN);

/**
 * Environment variables with which the known allocators return freed memory to the kernel at once, not after a time. mimalloc has
 * renamed its option.
 */
export const RETURNS_AT_ONCE: Readonly<Record<string, string>> = {
  MALLOC_CONF: "dirty_decay_ms:0,muzzy_decay_ms:0",
  MIMALLOC_RESET_DELAY: "0",
  MIMALLOC_PURGE_DELAY: "0",
  TCMALLOC_AGGRESSIVE_DECOMMIT: "1",
};

/** Where distributions, and those who build an allocator themselves, install libraries. */
const FOLDERS: readonly string[] = [
  "/usr/local/lib",
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
];

/** Returns the path of a known allocator's library, without symbolic links: /proc/PID/maps has it so. */
export function libraryOf(name: string, folders: readonly string[] = FOLDERS): Parsed<string> {
  const known = KNOWN[name];
  if (known === undefined) {
    return { error: `${name} is not known; give the path of its library` };
  }
  for (const file of known.files) {
    const found = folders.map((folder) => join(folder, file)).find((path) => existsSync(path));
    if (found !== undefined) {
      return { ok: realpathSync(found) };
    }
  }
  return {
    error: `there is no ${known.files[0]} on this machine; install ${known.package} (Debian, Ubuntu), or give the path of the library`,
  };
}
