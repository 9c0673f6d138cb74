import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MALLOG } from "../support/mallog-command.ts";
import { bundleModelReplay, compilePrograms } from "./programs.ts";

/** The cost of one run of a command line. */
export interface Cost {
  readonly wallSeconds: number;
  /** user and system time of all its processes */
  readonly processorSeconds: number;
  /** the largest resident set of any of its processes */
  readonly peakBytes: number;
}

/** What make-log and make-calls do. */
export interface Calls {
  /** how many calls, about */
  readonly events: number;
  readonly threads: number;
  /** live at once, once all places are taken */
  readonly liveBlocks: number;
  /** whether all places are taken before the random calls */
  readonly fills: boolean;
}

/** Calls like those of a service of 16 threads. */
const SERVICE: Calls = { events: 5e6, threads: 16, liveBlocks: 100_000, fills: false };

/** 3 M mallocs, then as many random calls. */
export const MANY_LIVE: Partial<Calls> = { events: 6e6, liveBlocks: 3e6, fills: true };

const BASH = ["bash", "-o", "pipefail", "-c"] as const;

/** the file into which `measured` writes its figures */
const COST_FILE = "cost";

/**
 * A temporary folder with the C programs and the files that the rows make. Command lines run in it, with a shell that
 * finds those programs, and the built mallog, started by its shebang line as npm links it. Their environment has only the
 * PATH of this process.
 */
export class Sandbox {
  readonly #folder = mkdtempSync(join(tmpdir(), "mallog-bench-"));
  readonly #made = new Set<string>();

  static async open(): Promise<Sandbox> {
    const sandbox = new Sandbox();
    try {
      await sandbox.#setUp();
    } catch (error) {
      sandbox.remove();
      throw error;
    }
    return sandbox;
  }

  async #setUp(): Promise<void> {
    compilePrograms(this.#folder);
    await bundleModelReplay(this.#folder);
    symlinkSync(MALLOG, this.path("mallog"));
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** The name of a file, which `make` creates at the first call. */
  file(name: string, make: (path: string) => void): string {
    if (!this.#made.has(name)) {
      make(this.path(name));
    }
    this.#made.add(name);
    return name;
  }

  /** The name of a log of these calls. */
  log(calls: Partial<Calls> = {}): string {
    const command = makeLog(calls);
    const name = `${command.replaceAll(" ", "-")}.log`;
    return this.file(name, () => this.output(`${command} > ${name}`));
  }

  /** The standard output of a command line. */
  output(command: string): string {
    return this.#run([...BASH, command], "pipe");
  }

  /** The cost of all processes of a command line. Its output is discarded. */
  cost(command: string): Cost {
    this.#run(["measured", COST_FILE, ...BASH, command], "ignore");
    return this.#cost();
  }

  /** The cost of the one command in it that follows `measured`. */
  costWithin(command: string): Cost {
    this.#run([...BASH, command], "ignore");
    return this.#cost();
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #cost(): Cost {
    const [wall = 0, user = 0, system = 0, peak = 0] = readFileSync(this.path(COST_FILE), "utf8")
      .split(" ")
      .map(Number);
    return {
      wallSeconds: wall / 1e9,
      processorSeconds: (user + system) / 1e6,
      peakBytes: peak * 1024,
    };
  }

  #run([program, ...args]: readonly [string, ...string[]], stdout: "pipe" | "ignore"): string {
    const path = [this.#folder, dirname(process.execPath), process.env.PATH].join(":");
    const output: string | null = execFileSync("env", [program, ...args], {
      cwd: this.#folder,
      env: { PATH: path, LC_ALL: "C.UTF-8" },
      encoding: "utf8",
      stdio: ["ignore", stdout, "inherit"],
      maxBuffer: 2 ** 30,
    });
    return output ?? "";
  }
}

/** The command that prints such a log. */
export function makeLog(calls: Partial<Calls> = {}): string {
  return `make-log ${argumentsOf(calls)}`;
}

/** The command that makes the same calls without a log. */
export function makeCalls(calls: Partial<Calls> = {}): string {
  return `make-calls ${argumentsOf(calls)}`;
}

function argumentsOf(calls: Partial<Calls>): string {
  const { events, threads, liveBlocks, fills } = { ...SERVICE, ...calls };
  return `${events} ${threads} ${liveBlocks}${fills ? " fill" : ""}`;
}

/** The command, run and measured. */
export function measured(command: string): string {
  return `measured ${COST_FILE} ${command}`;
}
