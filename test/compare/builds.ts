import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import { type Stripping, strip } from "../../fixtures/strip.ts";

/** A log as the builds get it: its file, or on standard input a copy from which something is removed. */
export interface Input {
  readonly label: string;
  readonly path: string;
  readonly strippings: readonly Stripping[];
}

/** A run of mallog: null for the report if it printed none. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly report: unknown;
}

/** The mallog of a checkout that has been built. */
export class Build {
  readonly #command: string;
  readonly #digest: string;
  readonly #cache: string | null;

  /** @param cache a folder that keeps outcomes from one comparison to the next; null: none are kept */
  constructor(checkout: string, cache: string | null) {
    this.#command = resolve(checkout, "bin/mallog.js");
    this.#digest = digestOfScripts(resolve(checkout, "dist/node"));
    this.#cache = cache;
    if (cache !== null) {
      mkdirSync(cache, { recursive: true });
    }
  }

  async outcome(input: Input): Promise<Outcome> {
    const log = readFileSync(input.path);
    if (this.#cache === null) {
      return this.#run(input, log);
    }
    const key = createHash("sha256").update(this.#digest).update(log);
    const cached = join(this.#cache, `${key.update(input.strippings.join()).digest("hex")}.gz`);
    if (existsSync(cached)) {
      return JSON.parse(gunzipSync(readFileSync(cached)).toString());
    }
    const outcome = await this.#run(input, log);
    // Renamed when complete: another comparison may use the same folder.
    const incomplete = `${cached}.${process.pid}`;
    writeFileSync(incomplete, gzipSync(JSON.stringify(outcome)));
    renameSync(incomplete, cached);
    return outcome;
  }

  async #run({ path, strippings }: Input, log: Buffer): Promise<Outcome> {
    const isWhole = strippings.length === 0;
    const file = isWhole ? basename(path) : "-";
    // The report has the file's name as given: it must not depend on the checkout that holds it.
    const child = spawn(process.execPath, [this.#command, file, "--json", "--no-progress"], {
      cwd: dirname(path),
      stdio: ["pipe", "pipe", "ignore"],
    });
    // A build that stops early closes the pipe; its exit code says so.
    child.stdin.on("error", () => {});
    child.stdin.end(isWhole ? "" : stripped(log, strippings));
    const [output, exitCode] = await Promise.all([
      buffer(child.stdout),
      new Promise<number | null>((done, fail) => child.once("error", fail).once("close", done)),
    ]);
    return { exitCode, report: output.length === 0 ? null : JSON.parse(output.toString()) };
  }
}

function stripped(log: Buffer, strippings: readonly Stripping[]): Buffer {
  return Buffer.from(strip(gunzipSync(log).toString("latin1"), strippings), "latin1");
}

function digestOfScripts(folder: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith(".js")) {
      hash.update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest("hex");
}
