import { describe, expect, it } from "vitest";
import type { GuidedReplay } from "../../../src/recorded/guided-replay.ts";
import type { RecordedProcess } from "../../../src/replay/recorded-process.ts";
import { BREAK, LoggedProgram, type LoggedThread } from "../../support/model-log.ts";
import { guidedReplay, originOf, prepare, replayPart } from "../../support/prepared-log.ts";

const ARENA_MAX = "MALLOC_ARENA_MAX";
const THRESHOLD = "MALLOC_MMAP_THRESHOLD_";

/** The recorded process of a log that states neither settings nor CPUs. */
const UNKNOWN = originOf("2.36", null, null);

interface Options {
  readonly origin?: RecordedProcess;
  readonly logsExits?: boolean;
  /** changes the replay before event `at` */
  readonly at?: number;
  readonly change?: (guided: GuidedReplay) => void;
}

function follow(lines: readonly string[], options: Options = {}): GuidedReplay {
  const guided = guidedReplay(options.origin ?? UNKNOWN);
  guided.witness.state.logsExits = options.logsExits ?? false;
  for (const part of prepare(lines).batches) {
    const at = options.at ?? 0;
    replayPart(guided.replay, part, 0, at);
    options.change?.(guided);
    replayPart(guided.replay, part, at);
  }
  return guided;
}

const exact = (value: number) => ({
  name: ARENA_MAX,
  value,
  above: value - 1,
  upTo: value,
  others: [],
});

describe("MALLOC_ARENA_MAX", () => {
  /** The main thread and `workers` more allocate in turn. */
  function log(arenaMax: string, workers: number): LoggedProgram {
    const p = new LoggedProgram("2.36", { [ARENA_MAX]: arenaMax });
    const threads: LoggedThread[] = [p.main];
    for (let n = 0; n < workers; n++) {
      threads.push(p.thread());
    }
    for (let i = 0; i < 3; i++) {
      for (const thread of threads) {
        thread.malloc(100);
      }
    }
    return p;
  }

  it.each([1, 2, 3])("is %d if the next thread is served from the main arena", (max) => {
    const { witness, judge } = follow(log(String(max), 3).lines);
    expect(witness.settings).toEqual([exact(max)]);
    expect([witness.state.explained, judge.mismatches]).toEqual([1, 0]);
  });

  it("is not shown if every thread gets an arena", () => {
    expect(follow(log("4", 3).lines).witness.settings).toEqual([]);
  });

  it("is shown once the call that shows it has matched", () => {
    const { lines } = log("1", 1);
    expect(follow(lines.slice(0, 2)).witness.settings).toEqual([]);
    expect(follow(lines.slice(0, 3)).witness.settings).toEqual([exact(1)]);
  });

  it("is not inferred if the settings are given", () => {
    const { witness, judge } = follow(log("1", 1).lines, { origin: originOf("2.36", {}, null) });
    expect(witness.settings).toEqual([]);
    expect(judge.mismatches).toBeGreaterThan(0);
  });

  it("is not inferred while more than 1 % of the pointers mismatch", () => {
    const settings = (mismatches: number) =>
      follow(log("1", 1).lines, {
        at: 1,
        change: ({ judge }) => {
          Object.assign(judge.state, { compared: 200, matched: 200 - mismatches });
        },
      }).witness.settings;
    expect([settings(2).length, settings(3).length]).toEqual([1, 0]);
  });

  it("is not inferred from a realloc, whose block stays in its arena", () => {
    const p = new LoggedProgram("2.36");
    p.malloc(1000, "block");
    const t = p.thread();
    t.realloc("block", 900);
    t.malloc(100);
    expect(follow(p.lines).witness.settings).toEqual([]);
  });

  it("is taken back if the main arena does not serve the call there: the thread is a forked process", () => {
    const p = new LoggedProgram("2.36");
    p.malloc(100);
    p.malloc(100);
    // A child process goes on with its own copy of the heap.
    const first = BREAK + 0x310;
    const lines = [
      ...p.lines,
      `2 malloc(100) = 0x${(first + 0x1000).toString(16)}`,
      `2 malloc(100) = 0x${(first + 0x1070).toString(16)}`,
    ];
    const { witness, model } = follow(lines);
    expect(witness.settings).toEqual([]);
    expect([witness.state.explained, model.par.arenaMax, model.arenaLimit]).toEqual([0, 0, 0]);
  });
});

describe("the CPUs", () => {
  it("show where a thread shares an arena although no limit is set", () => {
    const p = new LoggedProgram("2.36", {}, { cpus: 1 });
    p.malloc(100);
    for (let n = 0; n < 10; n++) {
      p.thread().malloc(100);
    }
    const { model, judge, witness } = follow(p.lines);
    // 8 arenas per CPU; the limit is first tested when there are 9 (trap T20).
    expect([model.arenaLimit, judge.mismatches, witness.settings]).toEqual([9, 0, []]);
  });

  /** `workers` threads allocate in turn under 2.44 with `cpus` CPUs. */
  function limitOf(cpus: number, workers: number, logsExits: boolean) {
    const p = new LoggedProgram("2.44", {}, { cpus });
    p.malloc(100);
    for (let n = 0; n < workers; n++) {
      p.thread().malloc(100);
    }
    const origin = originOf("2.44", null, null);
    const { model, judge, witness } = follow(p.lines, { origin, logsExits });
    return [model.arenaLimit, judge.mismatches, witness.settings];
  }

  it.each([true, false])(
    "2.44: limit the arenas to 8, or to one per CPU (exits logged: %s)",
    (exits) => {
      expect(limitOf(2, 20, exits)).toEqual([8, 0, []]);
      expect(limitOf(12, 30, exits)).toEqual([12, 0, []]);
    },
  );

  it("2.44: show nothing while every thread gets an arena of its own", () => {
    expect(limitOf(12, 11, true)).toEqual([0, 0, []]);
  });

  it("2.44: do not show where a thread gets another's arena in a log without exits", () => {
    const p = new LoggedProgram("2.44", {}, { cpus: 12 });
    p.malloc(100);
    const threads = Array.from({ length: 8 }, () => p.thread());
    for (const thread of threads) {
      thread.malloc(100);
    }
    threads[3]!.exit(false);
    p.thread().malloc(100);
    const origin = originOf("2.44", null, null);
    expect(follow(p.lines, { origin }).model.arenaLimit).toBe(0);
  });

  it.each(["free", "realloc", "mapped"] as const)(
    "show even if the call by which a thread gets an arena shows none: %s",
    (first) => {
      const p = new LoggedProgram("2.36", {}, { cpus: 1 });
      p.malloc(2000, "a");
      p.malloc(100);
      for (let n = 0; n < 8; n++) {
        p.thread().malloc(100);
      }
      const sharing = p.thread();
      if (first === "free") {
        sharing.free("a");
      } else if (first === "realloc") {
        sharing.realloc("a", 1000);
      } else {
        sharing.malloc(200_000);
      }
      sharing.malloc(3000);
      const { model, judge } = follow(p.lines);
      expect([model.arenaLimit, judge.mismatches]).toEqual([9, 0]);
    },
  );
});

describe("MALLOC_MMAP_THRESHOLD_", () => {
  /** Blocks of these sizes; a first one uses up the top. */
  function log(settings: Record<string, string>, ...sizes: number[]): string[] {
    const p = new LoggedProgram("2.36", settings);
    p.malloc(120_000);
    for (const bytes of sizes) {
      p.malloc(bytes);
    }
    return p.lines;
  }

  const shownBy = (lines: readonly string[]) => follow(lines).witness.settings;

  it("is below a block that is mapped", () => {
    expect(shownBy(log({ [THRESHOLD]: "65536" }, 100_000))).toEqual([
      { name: THRESHOLD, value: 65_536, above: 0, upTo: 100_016, others: [] },
    ]);
  });

  it("is above a block on top of the heap", () => {
    expect(shownBy(log({ [THRESHOLD]: "1000000" }, 200_000))).toEqual([
      {
        name: THRESHOLD,
        value: 262_144,
        above: 200_016,
        upTo: Number.POSITIVE_INFINITY,
        others: [],
      },
    ]);
  });

  it("is the roundest value between the two", () => {
    // 37 · 8192; no multiple of 16384 lies in 300017..310016.
    expect(shownBy(log({ [THRESHOLD]: "303104" }, 300_000, 310_000))).toEqual([
      { name: THRESHOLD, value: 303_104, above: 300_016, upTo: 310_016, others: [] },
    ]);
  });

  it("makes all pointers match", () => {
    const lines = log({ [THRESHOLD]: "303104" }, 300_000, 310_000, 50_000, 305_000, 200_000);
    const { judge, witness } = follow(lines);
    expect([judge.mismatches, witness.state.explained]).toEqual([0, 2]);
  });

  it("may be the default, frozen by another setting", () => {
    const p = new LoggedProgram("2.36", { MALLOC_TRIM_THRESHOLD_: "4096" });
    p.malloc(120_000);
    p.malloc(200_000, "mapped");
    // Raises the threshold to 200704, unless it is frozen.
    p.free("mapped");
    p.malloc(150_000);
    const [setting] = shownBy(p.lines);
    expect(setting).toMatchObject({ name: THRESHOLD, value: 131_072, above: 0, upTo: 150_016 });
    expect(setting?.others).toEqual([
      "MALLOC_TRIM_THRESHOLD_",
      "MALLOC_TOP_PAD_",
      "MALLOC_MMAP_MAX_",
    ]);
  });

  it("is not shown by blocks that the default threshold treats alike", () => {
    expect(shownBy(log({}, 100_000, 200_000))).toEqual([]);
  });

  it("is refuted by a smaller block that is mapped", () => {
    const lines = log({ [THRESHOLD]: "1000000" }, 200_000);
    const { witness, model } = follow([...lines, "1 malloc(150000) = 0x7ffff7000010"]);
    expect(witness.settings).toEqual([]);
    expect(model.par).toMatchObject({ mmapThreshold: 131_072, noDynThreshold: false });
  });

  it("is no explanation for a block on top above 32 MiB where glibc caps the setting", () => {
    const sizes = [40 * 2 ** 20];
    const lines = log({ MALLOC_MMAP_MAX_: "0" }, ...sizes);
    expect(shownBy(lines)).toHaveLength(1);
    // Up to 2.34.
    const old = new LoggedProgram("2.31", { MALLOC_MMAP_MAX_: "0" });
    old.malloc(120_000);
    old.malloc(40 * 2 ** 20);
    expect(follow(old.lines, { origin: originOf("2.31", null, null) }).witness.settings).toEqual(
      [],
    );
  });
});

describe("a chunk that is never mapped", () => {
  it("is one as large as that with which the main heap began, while the model is right", () => {
    const p = new LoggedProgram("2.36");
    p.malloc(100);
    p.malloc(100);
    // The tcache struct.
    expect(follow(p.lines).witness.neverMapped).toBe(0x290);
    const change = ({ judge }: GuidedReplay) => {
      judge.state.matched -= 1;
    };
    expect(follow(p.lines, { at: 1, change }).witness.neverMapped).toBe(0);
  });
});

describe("the arena of a thread", () => {
  /** Threads 2 and 3 end, in this order in the log, and thread 4 gets the arena that thread 2 left last. */
  function log(): LoggedProgram {
    const p = new LoggedProgram("2.36");
    p.malloc(100);
    const [two, three] = [p.thread(), p.thread()];
    two.malloc(100, "of thread 2");
    three.malloc(100);
    three.exit();
    two.exit();
    p.moveLine(4, 3);
    return p;
  }

  it("is the one that its first block shows, although another exit came later in the log", () => {
    const p = log();
    const four = p.thread();
    four.malloc(200);
    four.malloc(200);
    const { witness, judge } = follow(p.lines, { logsExits: true });
    expect(judge.mismatches).toBe(0);
    expect(witness.found).toEqual([{ kind: "lateExits", before: 5, thread: 3, late: [2] }]);
    expect([witness.arenaChoices, witness.settings]).toEqual([1, []]);
  });

  it("is a choice only if the block then matches", () => {
    const p = log();
    p.thread().malloc(200);
    const at = p.lines.length - 1;
    p.lines[at] = p.lines[at]!.replace(
      /0x\w+/,
      (pointer) => `0x${(Number(pointer) + 0x1000).toString(16)}`,
    );
    const { witness, judge } = follow(p.lines, { logsExits: true });
    expect([judge.mismatches, witness.arenaChoices]).toEqual([1, 0]);
  });

  it("is one that waits for a thread, also where exits are inferred and not logged", () => {
    const p = log();
    p.thread().malloc(200);
    const { witness, judge } = follow(p.lines, { logsExits: false });
    expect([judge.mismatches, witness.arenaChoices]).toEqual([0, 1]);
    expect(witness.found).toEqual([{ kind: "lateExits", before: 5, thread: 3, late: [2] }]);
  });

  it("is not taken from the pointer in a log without thread_exit lines", () => {
    const p = log();
    p.thread().malloc(200);
    const lines = p.lines.filter((line) => !line.includes("thread_exit"));
    const { witness, judge } = follow(lines);
    expect([witness.found, witness.arenaChoices]).toEqual([[], 0]);
    expect(judge.mismatches).toBe(1);
  });

  it("is not taken from a realloc, whose block stays in its arena", () => {
    const p = log();
    p.thread().realloc("of thread 2", 90);
    const { witness } = follow(p.lines, { logsExits: true });
    expect([witness.found, witness.arenaChoices]).toEqual([[], 0]);
  });

  it("is new if the block lies where a new arena begins", () => {
    const p = log();
    // Both arenas wait, but thread 4 was earlier.
    const four = "4 malloc(200) = 0x7fffe4000b70";
    const { witness, model, judge } = follow([...p.lines, four], { logsExits: true });
    expect([model.arenas.length, judge.mismatches]).toEqual([4, 0]);
    expect(witness.found).toEqual([{ kind: "lateExits", before: 5, thread: 3, late: [2, 1] }]);
  });
});

describe("a copy", () => {
  it("has all that the original has inferred, and its own from there on", () => {
    const p = new LoggedProgram("2.36", { [ARENA_MAX]: "1", [THRESHOLD]: "65536" });
    p.malloc(120_000);
    const t = p.thread();
    t.malloc(100);
    t.malloc(100_000);
    const guided = follow(p.lines);
    guided.witness.found.push({ kind: "lateExits", before: 1, thread: 1, late: [2] });
    const copy = guided.clone().witness;
    expect(copy.settings).toEqual(guided.witness.settings);
    expect(copy.settings.map(({ name }) => name)).toEqual([ARENA_MAX, THRESHOLD]);
    expect(copy.state).toEqual(guided.witness.state);
    expect(copy.found).toEqual(guided.witness.found);
    copy.found.length = 0;
    copy.state.showsThreshold = false;
    expect([guided.witness.found.length, guided.witness.settings.length]).toEqual([1, 2]);
  });
});
