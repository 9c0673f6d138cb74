import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MALLOG } from "../support/mallog-command.ts";
import { bundleModelReplay, compilePrograms } from "./programs.ts";

/** What one run of a command line took. */
export interface Cost {
  readonly wallSeconds: number;
  /** user and system time of all its processes */
  readonly processorSeconds: number;
  /** the largest resident set of any one of them */
  readonly peakBytes: number;
}

/** blocks that are live at once in the logs made here, once all places are taken */
const LIVE_BLOCKS = 100_000;

const BASH = ["bash", "-o", "pipefail", "-c"] as const;

/** where `measured` leaves its figures */
const COST_FILE = "cost";

/**
 * A temporary folder with the C programs, and whatever files the rows have made there. Command lines run in it, by a
 * shell that has at hand those programs, and mallog as npm links it: as it is built, started by its first line. Of this
 * process's environment they see nothing but the PATH.
 */
export class Workshop {
  readonly #folder = mkdtempSync(join(tmpdir(), "mallog-bench-"));
  readonly #made = new Set<string>();

  static async open(): Promise<Workshop> {
    const workshop = new Workshop();
    try {
      await workshop.#furnish();
    } catch (error) {
      workshop.remove();
      throw error;
    }
    return workshop;
  }

  async #furnish(): Promise<void> {
    compilePrograms(this.#folder);
    await bundleModelReplay(this.#folder);
    symlinkSync(MALLOG, this.path("mallog"));
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** The name of a file that `make` makes, unless it has done so before. */
  file(name: string, make: (path: string) => void): string {
    if (!this.#made.has(name)) {
      make(this.path(name));
    }
    this.#made.add(name);
    return name;
  }

  /** A log of about so many calls of so many threads. */
  log(events: number, threads = 16): string {
    const name = `${events}-${threads}.log`;
    return this.file(name, () => this.output(`${makeLog(events, threads)} > ${name}`));
  }

  /** What a command line prints. */
  output(command: string): string {
    return this.#run([...BASH, command], "pipe");
  }

  /** What all processes of a command line cost. Its output goes nowhere. */
  cost(command: string): Cost {
    this.#run(["measured", COST_FILE, ...BASH, command], "ignore");
    return this.#cost();
  }

  /** The same of that one command of it which `measured` is put before. */
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

/** The command that prints a log. */
export function makeLog(events: number, threads = 16): string {
  return `make-log ${events} ${threads} ${LIVE_BLOCKS}`;
}

/** The command that runs one and measures it. */
export function measured(command: string): string {
  return `measured ${COST_FILE} ${command}`;
}
