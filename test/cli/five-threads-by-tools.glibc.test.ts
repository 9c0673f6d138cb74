import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { readLog } from "../../src/input/read-log.ts";
import { Op } from "../../src/trace/event.ts";
import { CollectingSink, type ReadEvent } from "../support/collect.ts";

/**
 * The program of five threads of five-threads.glibc.test.ts, recorded by the tools that Debian has. What a tool does not
 * see, or sees besides, follows from the tool: the expected figures are those of a hook's log with exactly that taken away
 * or added.
 *
 * Two tools cannot: ltrace 0.7.3 ends this program by SIGSEGV in each run (fixtures/formats/ltrace has a shorter one with
 * threads), and bpftrace needs the right to load BPF programs (fixtures/formats/bpftrace).
 */

const FIELD = fileURLToPath(new URL("../../../shared/field/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mallog-by-tools-"));
afterAll(() => rmSync(folder, { recursive: true }));

const has = (tool: string): boolean => spawnSync(tool, ["--version"]).error === undefined;
const canLog = existsSync(FIELD) && process.arch === "x64";

/** Bytes of strdup("kept"), which the C library allocates: the program itself asks for at least 16. */
const STRDUP = 5;
/** Blocks that glibc frees at its end, if a tool asks it to: the vector of each of four threads, and stdout's buffer. */
const VECTORS = 4;
const isVector = ({ op, size }: ReadEvent): boolean => op === Op.calloc && size < 1000;
const isBuffer = ({ op, size }: ReadEvent): boolean =>
  op === Op.malloc && [1024, 4096].includes(size);
/** The pool for exceptions of libstdc++, which heaptrack's library loads. */
const POOLS = 1;
/** Bytes of a module's slot in a thread's vector: heaptrack's library has thread-local variables. */
const SLOT = 16;

interface Figures {
  readonly calls: Readonly<Record<"malloc" | "calloc" | "realloc" | "memalign" | "free", number>>;
  readonly bytes: number;
  readonly blocks: number;
}

/** Frees of NULL are left out: some tools do not log them. */
function figuresOf(events: readonly ReadEvent[]): Figures {
  const live = new Map<number, number>();
  const calls = { malloc: 0, calloc: 0, realloc: 0, memalign: 0, free: 0 };
  const kinds = new Map<number, keyof typeof calls>([
    [Op.malloc, "malloc"],
    [Op.calloc, "calloc"],
    [Op.realloc, "realloc"],
    [Op.memalign, "memalign"],
    [Op.free, "free"],
  ]);
  for (const { op, size, pointerIn, pointerOut } of events) {
    const kind = kinds.get(op);
    if (kind !== undefined && (kind !== "free" || pointerIn !== 0)) {
      calls[kind]++;
    }
    live.delete(pointerIn);
    if (pointerOut !== 0) {
      live.set(pointerOut, size);
    }
  }
  const sizes = [...live.values()];
  return { calls, bytes: sizes.reduce((sum, size) => sum + size, 0), blocks: sizes.length };
}

async function read(name: string): Promise<{ events: ReadEvent[]; diagnostics: Diagnostics }> {
  const sink = new CollectingSink();
  const diagnostics = new Diagnostics();
  await readLog(
    { names: [join(folder, name)], stdin: (async function* () {})() },
    sink,
    diagnostics,
  );
  return { events: sink.events, diagnostics };
}

describe.skipIf(!canLog)("five threads by tools (skipped without ../shared/field)", () => {
  const program = join(folder, "five-threads");
  let native: ReadEvent[] = [];

  function run(command: string, args: readonly string[], env: Record<string, string> = {}): string {
    return execFileSync(command, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 2 ** 28,
    }).toString();
  }

  beforeAll(async () => {
    const hook = join(folder, "hook.so");
    run("gcc", ["-O1", "-w", "-shared", "-fPIC", "-o", hook, join(FIELD, "fmthook.c"), "-ldl"]);
    run("gcc", ["-O1", "-w", "-pthread", "-o", program, join(FIELD, "five-threads.c")]);
    run(program, [], { FMT: "1", FMTLOG: join(folder, "native.log"), LD_PRELOAD: hook });
    native = (await read("native.log")).events;
    expect(native.filter(isVector).length).toBe(VECTORS);
    expect(native.filter(isBuffer).length).toBe(1);
  });

  /** The figures after glibc has freed its own blocks. */
  function afterFreeing(): Figures {
    const { calls, bytes, blocks } = figuresOf(native);
    const freed = native.filter((event) => isVector(event) || isBuffer(event));
    return {
      calls: { ...calls, free: calls.free + freed.length },
      bytes: bytes - freed.reduce((sum, { size }) => sum + size, 0),
      blocks: blocks - freed.length,
    };
  }

  it("mtrace logs allocations as malloc, and glibc frees its blocks at the end", async () => {
    writeFileSync(
      join(folder, "on.c"),
      "#include <mcheck.h>\n__attribute__((constructor)) static void on(void) { mtrace(); }\n",
    );
    run("gcc", ["-shared", "-fPIC", "-o", "on.so", "on.c"]);
    const LD_PRELOAD = `${join(folder, "on.so")}:libc_malloc_debug.so.0`;
    run(program, [], { LD_PRELOAD, MALLOC_TRACE: join(folder, "mtrace.log") });
    const { events, diagnostics } = await read("mtrace.log");
    const { calls, ...live } = afterFreeing();
    const malloc = calls.malloc + calls.calloc + calls.memalign;
    expect(figuresOf(events)).toEqual({
      calls: { ...calls, malloc, calloc: 0, memalign: 0 },
      ...live,
    });
    expect(diagnostics.lines.malformed).toBe(0);
  });

  it.skipIf(!has("valgrind"))(
    "valgrind sees all calls, and lets glibc free its blocks",
    async () => {
      run("valgrind", ["-q", "--trace-malloc=yes", "--log-file=valgrind.log", program]);
      const { events, diagnostics } = await read("valgrind.log");
      expect(figuresOf(events)).toEqual(afterFreeing());
      expect(diagnostics.lines.malformed).toBe(0);
    },
  );

  it.skipIf(!has("uftrace"))(
    "uftrace sees what the program itself calls, and not the block of posix_memalign",
    async () => {
      run("uftrace", ["record", "-d", "uf", "--force", "-a", program]);
      writeFileSync(
        join(folder, "uftrace.log"),
        run("uftrace", ["replay", "-d", "uf", "-f", "+time"]),
      );
      const { events } = await read("uftrace.log");
      const own = native.filter(
        (event) =>
          event.op === Op.free ||
          !(
            event.size === STRDUP ||
            isVector(event) ||
            isBuffer(event) ||
            event.op === Op.memalign
          ),
      );
      expect(figuresOf(events)).toEqual(figuresOf(own));
      expect(new Set(events.map(({ tid }) => tid)).size).toBe(5);
    },
  );

  it.skipIf(!has("heaptrack") || !has("zstd"))(
    "heaptrack has no realloc, and its library adds a block, and slots to each thread's vector",
    async () => {
      run("heaptrack", ["-r", "-o", "heaptrack", program]);
      const { events, diagnostics } = await read("heaptrack.raw.zst");
      const { calls, bytes, blocks } = figuresOf(native);
      const found = figuresOf(events);
      expect(found.calls).toEqual({
        malloc: calls.malloc + calls.calloc + calls.memalign + calls.realloc + POOLS,
        calloc: 0,
        realloc: 0,
        memalign: 0,
        free: calls.free + calls.realloc + POOLS,
      });
      expect(found.blocks).toBe(blocks);
      expect((found.bytes - bytes) % (VECTORS * SLOT)).toBe(0);
      expect(diagnostics.lines.malformed).toBe(0);
    },
  );
});
