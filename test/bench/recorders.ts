import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Cost, Sandbox } from "./sandbox.ts";

/** A way to run a program. */
export interface Recorder {
  /** the commands that must be installed */
  readonly needs: readonly string[];
  /** false if nothing is recorded */
  readonly writes: boolean;
  /** The command line that runs `program`, and leaves one file in `folder`. */
  readonly command: (sandbox: Sandbox, folder: string, program: string) => string;
}

export const RECORDERS = {
  none: { needs: [], writes: false, command: (_sandbox, _folder, program) => program },
  hook: {
    needs: [],
    writes: true,
    command: (sandbox, folder, program) =>
      `LD_PRELOAD=$PWD/${hook(sandbox)} MALLOG_OUT=${folder}/malloc.log ${program}`,
  },
  record: {
    needs: [],
    writes: true,
    command: (sandbox, folder, program) => {
      hook(sandbox);
      return `XDG_CACHE_HOME=$PWD/cache mallog record --no-report -o ${folder}/malloc.log.gz -- ${program}`;
    },
  },
  heaptrack: {
    needs: ["heaptrack"],
    writes: true,
    command: (_sandbox, folder, program) => `heaptrack -o ${folder}/heaptrack ${program}`,
  },
  /** without the process that looks up what the addresses of backtraces are */
  "heaptrack-raw": {
    needs: ["heaptrack"],
    writes: true,
    command: (_sandbox, folder, program) => `heaptrack -r -o ${folder}/heaptrack ${program}`,
  },
  massif: {
    needs: ["valgrind"],
    writes: true,
    command: (_sandbox, folder, program) =>
      `valgrind -q --tool=massif --massif-out-file=${folder}/massif ${program}`,
  },
  ltrace: {
    needs: ["ltrace"],
    writes: true,
    command: (_sandbox, folder, program) =>
      `ltrace -f -e malloc+calloc+realloc+free -o ${folder}/ltrace ${program}`,
  },
} as const satisfies Record<string, Recorder>;

/** mallog's hook, built as a user builds it. */
function hook(sandbox: Sandbox): string {
  const name = "mallog-hook.so";
  return sandbox.file(name, () =>
    sandbox.output(`XDG_CACHE_HOME=$PWD/cache mallog hook -o ${name}`),
  );
}

/** Runs of one program under one recorder. Each writes into a new folder, so that no file is one of an earlier run. */
export class Recording {
  readonly #sandbox: Sandbox;
  readonly #recorder: Recorder;
  readonly #program: string;
  readonly #load: string | null;
  #folder: string | null = null;

  /** `load`: a command line that runs beside the program, unrecorded; null: none */
  constructor(sandbox: Sandbox, recorder: Recorder, program: string, load: string | null = null) {
    this.#sandbox = sandbox;
    this.#recorder = recorder;
    this.#program = program;
    this.#load = load;
  }

  /** @throws Error the run did not leave exactly one file, with something in it */
  run(): Cost {
    this.remove();
    const folder = basename(mkdtempSync(this.#sandbox.path("run-")));
    this.#folder = folder;
    const program = this.#recorder.command(this.#sandbox, folder, this.#program);
    const command = this.#load === null ? program : `{ ${this.#load}; } & ${program} && wait`;
    const cost = this.#sandbox.cost(command);
    const files = readdirSync(this.#sandbox.path(folder));
    if (files.length !== (this.#recorder.writes ? 1 : 0) || this.bytes === 0) {
      throw new Error(`${command} left ${files.length} files, ${this.bytes} bytes`);
    }
    return cost;
  }

  /** The file of the last run; null if nothing was recorded. */
  get file(): string | null {
    const folder = this.#folder;
    const [name] = folder === null ? [] : readdirSync(this.#sandbox.path(folder));
    return name === undefined ? null : `${folder}/${name}`;
  }

  /** null if nothing was recorded */
  get bytes(): number | null {
    return this.file === null ? null : statSync(this.#sandbox.path(this.file)).size;
  }

  /** The size after `gzip -6`. */
  get gzippedBytes(): number | null {
    return this.file === null
      ? null
      : Number(this.#sandbox.output(`gzip -6 < ${this.file} | wc -c`));
  }

  /** Removes the file of the last run. */
  remove(): void {
    if (this.#folder !== null) {
      rmSync(this.#sandbox.path(this.#folder), { recursive: true });
      this.#folder = null;
    }
  }
}
