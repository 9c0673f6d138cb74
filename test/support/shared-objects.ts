import { execFileSync } from "node:child_process";

/** What a built program asks of the system that runs it, as readelf shows it. */
function dynamic(path: string): string {
  return execFileSync("readelf", ["-dVW", "--dyn-syms", path], { encoding: "utf8" });
}

/**
 * The minor number of the newest glibc whose symbols the file needs.
 * @throws Error it needs what names no version: relative relocations that are packed (DT_RELR) need 2.36
 */
export function newestGlibc(path: string): number {
  const text = dynamic(path);
  if (/RELR|GLIBC_ABI|GLIBC_PRIVATE/.test(text)) {
    throw new Error(`${path} needs more of glibc than symbols with versions`);
  }
  return Math.max(...[...text.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor)));
}

/** Names of the libraries that the file needs. */
export function neededLibraries(path: string): string[] {
  return [...dynamic(path).matchAll(/\(NEEDED\).*\[(.*)\]/g)].flatMap(([, name]) => name ?? []);
}
