import { execFileSync, spawnSync } from "node:child_process";

/** Debian's packages of the commands that rows need. */
const PACKAGES: Readonly<Record<string, string>> = {
  heaptrack: "heaptrack",
  heaptrack_print: "heaptrack",
  ltrace: "ltrace",
  valgrind: "valgrind",
  sqlite3: "sqlite3",
  java: "default-jdk-headless",
  "redis-server": "redis-server",
  "/usr/bin/python3": "python3",
};

export function isInstalled(command: string): boolean {
  return spawnSync("which", [command], { stdio: "ignore" }).status === 0;
}

/** Why a row that needs these commands cannot be measured here; null if it can. */
export function whyNot(
  needs: readonly string[],
  isThere: (command: string) => boolean = isInstalled,
): string | null {
  const missing = needs.filter((command) => !isThere(command));
  return missing.length === 0 ? null : `not installed: ${missing.join(", ")}`;
}

/** The packages of those commands that are missing and have one, each once. */
export function packagesFor(
  commands: readonly string[],
  isThere: (command: string) => boolean = isInstalled,
): string[] {
  const missing = commands.filter((command) => !isThere(command));
  return [...new Set(missing.flatMap((command) => PACKAGES[command] ?? []))];
}

/** Installs Debian packages; the user must be root. */
export function install(packages: readonly string[]): void {
  if (packages.length > 0) {
    execFileSync("apt-get", ["install", "-y", "--no-install-recommends", ...packages], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
}
