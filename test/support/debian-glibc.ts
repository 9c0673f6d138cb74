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
 * The glibcs of Debian's releases, downloaded but not installed: the machine's apt downloads each libc6 from the archive
 * that the machine is configured for, with a private apt root, and it is unpacked to a cache in the system's temporary
 * folder. apt checks the archive's signature of the index, and the package against the index.
 */
export const DEBIAN_GLIBCS = [
  { glibc: "2.31", release: "bullseye" },
  { glibc: "2.36", release: "bookworm" },
  { glibc: "2.41", release: "trixie" },
  { glibc: "2.43", release: "forky" },
  { glibc: "2.44", release: "experimental" },
] as const;

export type Fetched =
  | { readonly available: true; readonly loader: Loader }
  /** for the title of a skipped test */
  | { readonly available: false; readonly reason: string };

const CACHE = join(tmpdir(), `mallog-debian-glibc-${process.getuid?.() ?? 0}`);
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** folders of libc6's libraries since and before Debian merged /lib into /usr/lib */
const LIBRARY_FOLDERS = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

const run = promisify(execFile);

/** The glibc of a release: from the cache, or else from the network. */
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
      throw new Error(`${release} now has ${version}`);
    }
    const unpacked = join(root, "unpacked");
    await run("dpkg-deb", ["-x", join(root, archive), unpacked]);
    const folders = LIBRARY_FOLDERS.map((folder) => join(unpacked, folder));
    const libraries = folders.find((folder) => existsSync(join(folder, "libc.so.6")));
    if (libraries === undefined) {
      throw new Error(`${version} has no libc.so.6 in ${LIBRARY_FOLDERS.join(" or ")}`);
    }
    // Atomic, since other processes may use the cache; if one was faster, its copy is as good.
    if (!existsSync(kept)) {
      renameSync(libraries, kept);
    }
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** apt-get with private state and one source: the release, in the archive that the machine installs from. */
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
    // The user that apt would switch to cannot read the folder.
    "APT::Sandbox::User": "root",
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  return async (...args) => {
    await run("apt-get", [...options, ...args], { cwd: root, timeout: 180_000 });
  };
}

/** The archive of the machine's release, which has the other releases, too; found in apt's sources alone. */
async function archiveOfMachine(): Promise<string> {
  const release = /^VERSION_CODENAME=(\S+)$/m.exec(await readFile("/etc/os-release", "utf8"))?.[1];
  const { stdout } = await run("apt-get", ["update", "--print-uris"]);
  for (const line of stdout.split("\n")) {
    const [, archive, codename] = /^'(\S+)\/dists\/(\S+)\/InRelease'/.exec(line) ?? [];
    if (archive !== undefined && codename === release) {
      return archive;
    }
  }
  throw new Error("apt's sources name no archive of this system's release");
}

/** The last error line of a program, without URLs. */
function reasonOf(error: unknown): string {
  const { message, stderr } = error as Error & { stderr?: string };
  const lastError = stderr
    ?.split("\n")
    .filter((line) => line.startsWith("E:"))
    .at(-1);
  return (lastError ?? message.split("\n")[0]!).replace(/\S+:\/\/\S+/g, "…");
}
