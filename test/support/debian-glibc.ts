import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Loader } from "./glibc-driver.ts";

/**
 * The glibcs of Debian's releases, fetched but not installed: libc6 of each, by the machine's own apt from the archive
 * its own configuration names, into a private apt root, and unpacked to a cache under the system's temporary folder.
 * apt checks the index against the archive's signature and the package against the index.
 */
export const DEBIAN_GLIBCS = [
  { glibc: "2.31", release: "bullseye" },
  { glibc: "2.36", release: "bookworm" },
  { glibc: "2.41", release: "trixie" },
  { glibc: "2.43", release: "forky" },
] as const;

export type Fetched =
  | { readonly available: true; readonly loader: Loader }
  /** in words a skipped test can show */
  | { readonly available: false; readonly reason: string };

const CACHE = join(tmpdir(), `mallog-debian-glibc-${process.getuid?.() ?? 0}`);
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** where libc6 has its files, since and before Debian merged /lib into /usr/lib */
const LIBRARY_FOLDERS = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

const run = promisify(execFile);

/** The glibc of a release; from the network only if no earlier run has left it in the cache. */
export async function debianGlibc(glibc: string, release: string): Promise<Fetched> {
  const kept = join(CACHE, glibc);
  try {
    if (!existsSync(kept)) {
      await unpackInto(kept, glibc, release);
    }
  } catch (error) {
    return { available: false, reason: reasonOf(error) };
  }
  const program = join(kept, "ld-linux-x86-64.so.2");
  return { available: true, loader: { program, libraryPath: kept } };
}

async function unpackInto(kept: string, glibc: string, release: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  const root = mkdtempSync(join(CACHE, "apt-"));
  try {
    const apt = await privateApt(root, release);
    await apt("update");
    await apt("download", "libc6");
    const archive = readdirSync(root).find((name) => name.endsWith(".deb"));
    if (archive === undefined) {
      throw new Error("apt-get download left no package");
    }
    const version = archive.split("_")[1]!;
    if (!version.startsWith(`${glibc}-`)) {
      throw new Error(`${release} has ${version} by now`);
    }
    const unpacked = join(root, "unpacked");
    await run("dpkg-deb", ["-x", join(root, archive), unpacked]);
    const folders = LIBRARY_FOLDERS.map((folder) => join(unpacked, folder));
    const libraries = folders.find((folder) => existsSync(join(folder, "libc.so.6")));
    if (libraries === undefined) {
      throw new Error(`${version} has no libc.so.6 where it should be`);
    }
    // Whole or not at all, for those who look at the same time; one who was faster is as good.
    if (!existsSync(kept)) {
      renameSync(libraries, kept);
    }
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** apt-get with state of its own and one source: the release, in the archive the machine itself installs from. */
async function privateApt(
  root: string,
  release: string,
): Promise<(...args: string[]) => Promise<void>> {
  const source = `deb [arch=amd64 signed-by=${KEYRING}] ${await archiveOfMachine()} ${release} main\n`;
  writeFileSync(join(root, "sources.list"), source);
  writeFileSync(join(root, "status"), "");
  mkdirSync(join(root, "lists", "partial"), { recursive: true });
  mkdirSync(join(root, "archives", "partial"), { recursive: true });
  const settings = {
    "Dir::Etc::sourcelist": join(root, "sources.list"),
    "Dir::Etc::sourceparts": "-",
    "Dir::State": root,
    "Dir::State::status": join(root, "status"),
    "Dir::Cache": root,
    "Acquire::Languages": "none",
    "APT::Update::Error-Mode": "any",
    "Acquire::Retries": "1",
    "Acquire::http::Timeout": "20",
    // The folder is closed to the user apt would become.
    "APT::Sandbox::User": "root",
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  return async (...args) => {
    await run("apt-get", [...options, ...args], { cwd: root, timeout: 180_000 });
  };
}

/** The archive that serves the machine's own release, whose other releases lie beside it; from apt's sources alone. */
async function archiveOfMachine(): Promise<string> {
  const release = /^VERSION_CODENAME=(\S+)$/m.exec(await readFile("/etc/os-release", "utf8"))?.[1];
  const { stdout } = await run("apt-get", ["update", "--print-uris"]);
  for (const line of stdout.split("\n")) {
    const [, archive, served] = /^'(\S+)\/dists\/(\S+)\/InRelease'/.exec(line) ?? [];
    if (archive !== undefined && served === release) {
      return archive;
    }
  }
  throw new Error("apt's sources name no archive of this system's release");
}

/** The last error line of a program, without addresses. */
function reasonOf(error: unknown): string {
  const { message, stderr } = error as Error & { stderr?: string };
  const said = stderr
    ?.split("\n")
    .filter((line) => line.startsWith("E:"))
    .at(-1);
  return (said ?? message.split("\n")[0]!).replace(/\S+:\/\/\S+/g, "…");
}
