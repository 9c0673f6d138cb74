import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPLAYER, sourceOf } from "../../src/native/native-programs.ts";
import { Flag, Operation } from "../../src/native-replay/operations.ts";
import { OperationsFile } from "../../src/native-replay/operations-file.ts";
import { debianGlibc } from "../support/debian-glibc.ts";
import { realGlibc } from "../support/glibc-driver.ts";
import { newFolder } from "../support/run-mallog.ts";

/** The replayer alone: files of operations written here, and what it says of them. */

const found = realGlibc();
const skipped = found.available ? "" : ` (skipped: ${found.reason})`;
const replays = test.skipIf(!found.available);

type Record = readonly [kind: Operation, flags: number, number: number, size: number];

const event = (kind: Operation, number: number, size: number): Record => [
  kind,
  Flag.beginsEvent | Flag.writesAll,
  number,
  size,
];

/** Compiled with all warnings as errors. */
function compiled(...flags: readonly string[]): string {
  const target = join(newFolder(), "replayer");
  const argv = [...REPLAYER.flags, "-Wall", "-Wextra", "-Werror", ...flags, "-o", target];
  execFileSync("cc", [...argv, "-x", "c", "-", "-x", "none", ...REPLAYER.libraries], {
    input: sourceOf(REPLAYER),
    stdio: "pipe",
  });
  return target;
}

function operations(records: readonly Record[], threads = 1, firstThreadExits = false) {
  const file = new OperationsFile();
  for (const record of records) {
    file.append(...record);
  }
  const events = records.filter(([, flags]) => flags & Flag.beginsEvent).length;
  const blocks = 1 + Math.max(0, ...records.map(([, , number]) => number));
  file.finish({ events, blocks, threads, firstThreadExits });
  return file;
}

function run(
  replayer: string,
  records: readonly Record[],
  options: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  threads = 1,
  firstThreadExits = false,
) {
  const file = operations(records, threads, firstThreadExits);
  try {
    const { stdout, stderr, status } = spawnSync(replayer, [file.path, ...options], {
      env,
      encoding: "utf8",
    });
    const value = (name: string): number =>
      Number(new RegExp(`^${name} (\\d+)$`, "m").exec(stdout)?.[1]);
    return { stdout, stderr, status, value };
  } finally {
    file.close();
  }
}

const MiB = 2 ** 20;

replays(`the replayer counts no page of its own${skipped}`, () => {
  const replayer = compiled();
  const nothing = run(replayer, []);
  expect([nothing.status, nothing.value("end")]).toEqual([0, 0]);
  // A mapped block of 1 MiB and its header: 257 pages. The tcache struct, and the chunk of the small block: a page.
  const { value } = run(replayer, [
    [Operation.thread, Flag.beginsEvent, 0, 0],
    [Operation.malloc, Flag.writesAll, 0, MiB],
    event(Operation.malloc, 1, 100),
    event(Operation.free, 0, 0),
  ]);
  expect(value("end")).toBe(4096);
});

replays(`samples where it is told to, and writes what it is told to${skipped}`, () => {
  const { stdout, value } = run(
    compiled(),
    [
      [Operation.thread, Flag.beginsEvent, 0, 0],
      [Operation.malloc, 0, 0, 4 * MiB],
      [Operation.argument, 0, 0, 8192],
      [Operation.write, 0, 0, 8192 + 4096],
      event(Operation.calloc, 1, 100),
      event(Operation.free, 0, 0),
      event(Operation.none, 0, 0),
    ],
    ["at=1", "at=2", "at=3"],
  );
  // The heap's first page, the block's header, and two pages that 4096 written bytes overlap.
  const samples = [...stdout.matchAll(/^sample (\d+) (\d+)$/gm)].map(([, at, bytes]) => [
    Number(at),
    Number(bytes) / 4096,
  ]);
  expect(samples).toEqual([
    [1, 4],
    [2, 4],
    [3, 1],
    [4, 1],
  ]);
  expect(value("failed")).toBe(0);
});

replays(`gives each thread the allocator's state of a thread${skipped}`, () => {
  const replayer = compiled();
  const records: Record[] = [];
  for (let thread = 0; thread < 500; thread++) {
    records.push([Operation.thread, Flag.beginsEvent, thread, 0]);
    records.push([Operation.malloc, Flag.writesAll, thread, 100]);
  }
  // An arena each, whose first heap has two pages in use: malloc_state, tcache struct and block.
  const each = run(replayer, records, [], { MALLOC_ARENA_MAX: "1000" }, 500);
  const shared = run(replayer, records, [], { MALLOC_ARENA_MAX: "1" }, 500);
  expect(each.value("end") / 4096).toBeGreaterThanOrEqual(500);
  expect(shared.value("end") / 4096).toBeLessThan(120);
  const exits = records.flatMap((one): Record[] =>
    one[0] === Operation.malloc && one[2] > 0
      ? [one, event(Operation.free, one[2], 0), [Operation.exit, 0, one[2], 0]]
      : [one],
  );
  // The next thread takes the arena that the last one has left.
  const reused = run(replayer, exits, [], { MALLOC_ARENA_MAX: "1000" }, 500);
  expect(reused.value("end") / 4096).toBeLessThan(8);
});

/** Threads that allocate, write, and free each other's blocks, and some exit. All blocks are freed by the end. */
function handOvers(count: number, freesAfterExits: boolean): Record[] {
  const records: Record[] = [];
  const live: number[] = [];
  const free: number[] = [];
  let ids = 0;
  let state = 7;
  const random = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor(state / 2 ** 16) % below;
  };
  for (let n = 0; n < count; n++) {
    const thread = random(8);
    records.push([Operation.thread, 0, thread, 0]);
    const id = live[random(live.length)] ?? 0;
    const what = live.length === 0 ? 0 : random(10);
    if (what < 5) {
      const fresh = free.pop() ?? ids++;
      live.push(fresh);
      records.push(event(Operation.malloc, fresh, 1 + random(3000)));
    } else if (what === 5) {
      records.push(event(Operation.realloc, id, 1 + random(6000)));
    } else if (what === 6) {
      records.push([Operation.argument, 0, 0, 0], [Operation.write, 0, id, 1]);
    } else {
      live.splice(live.indexOf(id), 1);
      free.push(id);
      const isLate = freesAfterExits && random(100) === 0;
      records.push(event(isLate ? Operation.freeAfterExit : Operation.free, id, 0));
    }
    if (random(150) === 0) {
      records.push([Operation.exit, 0, thread, 0]);
    }
  }
  records.push([Operation.thread, 0, 0, 0]);
  return [...records, ...live.map((id) => event(Operation.free, id, 0))];
}

const older = found.available ? await debianGlibc("2.31", "bullseye") : found;
const loader = "loader" in older ? older.loader : null;

test.skipIf(loader === null)(
  "frees under the id of an exited thread without a cache and an arena (glibc 2.31)",
  () => {
    const own = (thread: number, block: number): Record[] => [
      [Operation.thread, 0, thread, 0],
      event(Operation.malloc, block, 100),
    ];
    const replayer = compiled();
    const records = [...own(0, 0), ...own(1, 1), ...own(1, 2)];
    const exit: Record = [Operation.exit, 0, 1, 0];
    const late = (kind: Operation): Record[] => [...records, exit, event(kind, 2, 0), ...own(2, 3)];
    const end = (kind: Operation): string | undefined => {
      const one = operations(late(kind), 3);
      const { program, libraryPath } = loader!;
      const argv = ["--library-path", libraryPath, replayer, one.path];
      const { stdout } = spawnSync(program, argv, { env: {}, encoding: "utf8" });
      one.close();
      return /^end (\d+)$/m.exec(stdout)?.[1];
    };
    // Else the free takes the arena that the exit has left, and the next thread a new one.
    expect(end(Operation.freeAfterExit)).toBe(end(Operation.none));
  },
);

replays(`runs threads side by side, which hand blocks over${skipped}`, () => {
  const replayer = compiled();
  // One arena without caches: what is not freed in its turn stays, and what is freed too early is corrupted.
  const env = { MALLOC_ARENA_MAX: "1", GLIBC_TUNABLES: "glibc.malloc.tcache_count=0" };
  const records = handOvers(20_000, true);
  for (const firstThreadExits of [true, false]) {
    const kept = firstThreadExits
      ? records
      : records.filter(([kind, , n]) => kind !== Operation.exit || n > 0);
    const { status, stderr, value } = run(
      replayer,
      kept,
      ["free", "trim", "samples=9"],
      env,
      8,
      firstThreadExits,
    );
    expect([status, stderr, value("failed")]).toEqual([0, "", 0]);
    // The heap's first page, and at most two for the cache of each other thread: megabytes were freed.
    expect(value("end") / 4096).toBeLessThanOrEqual(1 + 2 * 8);
  }
});

replays(
  `starts and ends threads in the log's order, though they run side by side${skipped}`,
  () => {
    const replayer = compiled();
    const lives = Array.from({ length: 300 }, (_, thread): Record[] => [
      [Operation.thread, Flag.beginsEvent, thread + 1, 0],
      [Operation.malloc, Flag.writesAll, thread, 100],
      event(Operation.free, thread, 0),
      [Operation.exit, 0, thread + 1, 0],
    ]).flat();
    // The next thread takes the arena that the last one has left.
    const env = { MALLOC_ARENA_MAX: "1000" };
    const { value } = run(replayer, lives, ["free"], env, 301);
    expect(value("end")).toBe(run(replayer, lives, [], env, 301).value("end"));
  },
);

replays(`refuses what is not a file of operations, and a library without malloc${skipped}`, () => {
  const replayer = compiled();
  const path = join(newFolder(), "text");
  writeFileSync(path, "no operations");
  const { stdout, status } = spawnSync(replayer, [path], { encoding: "utf8", env: {} });
  expect([status, stdout]).toEqual([2, "error no file of operations\n"]);
  const broken = run(replayer, [], [], { LD_PRELOAD: path });
  expect(broken.stdout).toBe("error the library cannot be loaded, or has no malloc\n");
  expect(broken.status).toBe(2);
});

replays(`does nothing undefined, and reads no memory that is not its own${skipped}`, () => {
  const flags = "-g -O1 -fno-sanitize-recover=all -fsanitize=undefined -fsanitize=address";
  const replayer = compiled(...flags.split(" "));
  const env = { ASAN_OPTIONS: "detect_leaks=0:verify_asan_link_order=0" };
  for (const order of [[], ["free"]]) {
    const options = ["samples=5", ...order];
    const { status, stderr } = run(replayer, handOvers(10_000, true), options, env, 8, true);
    expect([status, stderr]).toEqual([0, ""]);
  }
});

replays(`has no data race between threads that run side by side${skipped}`, () => {
  const replayer = compiled(..."-g -O1 -fsanitize=thread".split(" "));
  // A free in the name of an ended thread changes the thread-local state, which the sanitizer keeps, too.
  const { status, stderr } = run(replayer, handOvers(10_000, false), ["free"], {}, 8, true);
  expect([status, stderr]).toEqual([0, ""]);
});
