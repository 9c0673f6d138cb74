import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Compared, ObservedMoment, Report } from "../../src/report/contract/report.ts";
import { codeBlocks } from "../support/documents.ts";
import { mallog, newFolder } from "../support/run-mallog.ts";

const analyse = reportOfLog("test", null);
const FIXTURES = fileURLToPath(new URL("../../fixtures/observed", import.meta.url));
const LOG = join(FIXTURES, "observed.log.gz");
const JVM = join(FIXTURES, "jvm.log.gz");
/** Between the calls before and after the process has stopped itself. */
const STOPPED = "0.5s";

const at = (name: string, moment?: string): string[] => [
  "--observed",
  join(FIXTURES, name) + (moment === undefined ? "" : `@${moment}`),
];

const run = (argv: readonly string[], columns = 80, cwd = FIXTURES) =>
  mallog([...argv, "--no-what-if"], analyse, { env: { COLUMNS: String(columns) }, cwd });

async function reportOf(...argv: string[]): Promise<Report> {
  const { out, err, code } = await run([...argv, "--json"]);
  expect({ err, code }).toEqual({ err: "", code: 0 });
  return JSON.parse(out);
}

async function momentOf(...argv: string[]): Promise<ObservedMoment> {
  const { observed } = await reportOf(...argv);
  expect(observed?.length).toBe(1);
  return observed![0]!;
}

/** The model's figure lies within what the file states. */
function expectEqual({ leastBytes, mostBytes, modelledBytes, error }: Compared): void {
  expect(modelledBytes).toBeGreaterThanOrEqual(leastBytes);
  expect(modelledBytes).toBeLessThanOrEqual(mostBytes);
  expect(error).toBe(0);
}

describe("smaps at the log's end", () => {
  let moment: ObservedMoment;
  beforeAll(async () => {
    moment = await momentOf(LOG, ...at("freed.smaps"));
  });

  test("is split as the model is, to the byte", () => {
    const malloc = moment.resident!.malloc!;
    for (const part of [malloc.heap, malloc.arenas, malloc.mapped, malloc.all]) {
      expectEqual(part);
    }
    for (const part of [malloc.heap, malloc.arenas]) {
      expect(part.leastBytes).toBe(part.mostBytes);
    }
    expect(malloc.sameHeap).toBe(true);
    expect(malloc.arenaHeaps).toEqual({ measured: 3, modelled: 3, sameAddress: 3 });
    expect(malloc.blocks).toEqual({ modelled: 3, located: 3 });
  });

  test("has the heaps that the hook measured itself", () => {
    const { rest, processBytes, malloc } = moment.resident!;
    const log = gunzipSync(readFileSync(LOG)).toString("latin1");
    const last = log.slice(log.lastIndexOf("# rss"));
    const [, ...parts] = /^# rss \d+ heap=(\d+) arenas=(\d+) mapped=(\d+)/.exec(last)!;
    const { heap, arenas, mapped, all } = malloc!;
    expect([heap, arenas, mapped].map(({ measuredBytes }) => measuredBytes)).toEqual(
      parts.map(Number),
    );
    expect(rest!.bytes + all.measuredBytes).toBe(processBytes);
  });
});

describe("a moment within the log", () => {
  test("is compared with the model at that moment", async () => {
    const moment = await momentOf(LOG, ...at("filled.smaps", STOPPED));
    expect(moment).toMatchObject({ asked: STOPPED, missing: null });
    expect(moment.line).toBeGreaterThan(3000);
    const malloc = moment.resident!.malloc!;
    expectEqual(malloc.heap);
    expectEqual(malloc.arenas);
    // The log states only later what was written of large blocks.
    expectEqual(malloc.mapped);
    expect(malloc.mapped.modelledLeastBytes).toBeLessThan(malloc.mapped.leastBytes / 10);
    expect(malloc.blocks).toEqual({ modelled: 6, located: 6 });
  });

  test.each(["malloc_info.xml", "malloc_stats.txt", "mallinfo.txt"])(
    "has the counts of glibc, arena by arena (%s)",
    async (form) => {
      for (const [moment, given] of [
        ["filled", STOPPED],
        ["freed", "END"],
      ] as const) {
        const { counted, resident } = await momentOf(LOG, ...at(`${moment}.${form}`, given));
        const [{ system, inUse, mapped, arenas }] = counted as [(typeof counted)[0]];
        for (const one of [system, inUse, mapped!]) {
          expect(one.modelledBytes).toBe(one.measuredBytes);
        }
        for (const arena of arenas ?? []) {
          expect(arena.system.modelledBytes).toBe(arena.system.measuredBytes);
          expect(arena.inUse.modelledBytes).toBe(arena.inUse.measuredBytes);
        }
        expect(resident).toBeNull();
      }
    },
  );

  test("may be one of several, each with its own figures", async () => {
    const { observed } = await reportOf(
      LOG,
      ...at("filled.pmap.txt", STOPPED),
      ...at("freed.smaps"),
      ...at("freed.mallinfo.txt", "END"),
    );
    expect(observed!.map(({ asked, files }) => [asked, files.map(({ kind }) => kind)])).toEqual([
      [STOPPED, ["pmap"]],
      ["END", ["smaps", "mallinfo"]],
    ]);
    const [filled, freed] = observed!.map(({ resident }) => resident!.malloc!.all.measuredBytes);
    expect(filled).toBeGreaterThan(freed!);
  });

  test("that the log does not have is named, and the report stays", async () => {
    const { observed, scenarios, container } = await reportOf(LOG, ...at("freed.smaps", "1h"));
    expect(observed![0]).toMatchObject({ missing: expect.stringContaining("the log spans") });
    const { malloc, rest } = observed![0]!.resident!;
    expect(malloc!.heap.modelledBytes).toBeNull();
    expect(scenarios[0]!.rss.endBytes).toBeGreaterThan(0);
    // Any anonymous memory may be of blocks then, so that the rest is unknown, and no base for a container.
    expect(malloc!.mapped.leastBytes).toBe(0);
    expect(malloc!.mapped.mostBytes).toBeGreaterThan(2 ** 20);
    expect(rest).toBeNull();
    expect(container).toBeUndefined();
    const { out } = await run([LOG, ...at("freed.smaps", "mark:warm")], 200);
    expect(out).toContain(
      "No comparison with what was measured at mark:warm: the log has no marks.",
    );
  });
});

describe("the memory outside malloc", () => {
  test("is what --base-rss is without it", async () => {
    const { container, observed } = await reportOf(
      LOG,
      ...at("freed.smaps"),
      "--container-limit",
      "64MiB",
    );
    expect(container?.baseRssBytes).toBe(observed![0]!.resident!.rest!.bytes);
    const given = await reportOf(LOG, ...at("freed.smaps"), "--base-rss", "1MiB");
    expect(given.container?.baseRssBytes).toBe(2 ** 20);
  });

  test("is a difference where the file has sums only", async () => {
    const { resident } = await momentOf(LOG, ...at("freed.smaps_rollup"));
    const exact = await momentOf(LOG, ...at("freed.smaps"));
    expect(resident).toMatchObject({ malloc: null, rest: { byDifference: true } });
    const { leastBytes, mostBytes } = exact.resident!.rest!;
    expect(resident!.rest!.bytes).toBeGreaterThanOrEqual(leastBytes);
    expect(resident!.rest!.bytes).toBeLessThanOrEqual(mostBytes);
  });
});

/** Unpacks a fixture, and returns its path. */
function unpacked(name: string): string {
  const path = join(newFolder(), name.slice(0, -".gz".length));
  writeFileSync(path, gunzipSync(readFileSync(join(FIXTURES, name))));
  return path;
}

describe("more than the model has at its peak", () => {
  const LOG_OF_PEAK = join(FIXTURES, "peak.log.gz");
  const observed = () => ["--observed", `${unpacked("peak.smaps.gz")}@0.2s`];

  test("is what the process needs at least", async () => {
    const argv = [LOG_OF_PEAK, ...observed(), "--container-limit", "9MiB"];
    const { container, observed: moments, scenarios } = await reportOf(...argv);
    const { processBytes, malloc } = moments![0]!.resident!;
    expect(malloc!.all.leastBytes).toBeGreaterThan(scenarios[0]!.rss.peakBytes);
    expect(container!.baseRssBytes + scenarios[0]!.rss.peakBytes).toBeLessThan(9 * 2 ** 20);
    expect(container).toMatchObject({
      measuredBytes: processBytes,
      scenarios: [{ peakBytes: processBytes, fits: false, killedTime: null }],
    });
    const { out } = await run(argv, 400);
    expect(out).toContain(
      "The process is OOM-killed: it needs 9.55 MiB, more than the container's limit of 9 MiB; so much was measured, while the model has 8.55 MiB at its peak (1.52 MiB of it outside malloc).",
    );
    expect(out).toMatch(/^as recorded .* killed$/m);
    expect(out).toContain("At 0.2s malloc's memory was more than at the modelled peak, 7.03 MiB");
  });

  test("is named without a limit, too", async () => {
    const { out } = await run([LOG_OF_PEAK, ...observed()], 400);
    expect(out).toContain("The process needs 9.55 MiB; so much was measured, while the model has");
  });

  test("says nothing of a process that fits, but that it needs as much", async () => {
    const argv = [LOG_OF_PEAK, ...observed(), "--container-limit", "12MiB"];
    expect((await run(argv, 400)).out).toContain(
      "The process fits the container's limit of 12 MiB: it needs 9.55 MiB; so much was measured, while the model has 8.55 MiB at its peak (1.52 MiB of it outside malloc).",
    );
    const { container } = await reportOf(LOG, ...at("freed.smaps"), "--container-limit", "1GiB");
    expect(container!.measuredBytes).toBeUndefined();
  });
});

describe("heaps of arenas", () => {
  test.each([
    ["2.36", "one has a neighbour below that has other flags"],
    ["2.41", "none has the flag of those of older glibcs"],
    ["2.44", "one is an area with mapped blocks below it"],
  ])("of glibc %s: %s", async (glibc) => {
    const log = join(FIXTURES, `glibc-${glibc}.log.gz`);
    const { resident } = await momentOf(log, "--observed", unpacked(`glibc-${glibc}.smaps.gz`));
    const malloc = resident!.malloc!;
    expect(malloc.arenaHeaps).toEqual({ measured: 4, modelled: 4, sameAddress: 4 });
    for (const part of [malloc.heap, malloc.arenas, malloc.mapped, malloc.all]) {
      expectEqual(part);
    }
    expect(malloc.arenas.mostBytes - malloc.arenas.leastBytes).toBeLessThanOrEqual(
      glibc === "2.44" ? 57 * 4096 : 0,
    );
    // The mapping of 3 MiB is not malloc's, and less than 6 MiB are code, stacks, and the hook's.
    expect(resident!.rest!.bytes).toBeGreaterThan(3 * 2 ** 20);
    expect(resident!.rest!.bytes).toBeLessThan(9 * 2 ** 20);
  });
});

describe("a JVM", () => {
  test("is split, and its own account stands beside the rest", async () => {
    const smaps = unpacked("jvm.smaps.gz");
    const { resident, jvm } = await momentOf(
      JVM,
      "--observed",
      `${smaps}@6s`,
      ...at("jvm.native_memory.txt", "6s"),
    );
    const malloc = resident!.malloc!;
    for (const part of [malloc.heap, malloc.arenas, malloc.mapped]) {
      expectEqual(part);
    }
    expect(malloc.arenaHeaps).toEqual({ measured: 11, modelled: 11, sameAddress: 11 });
    expect(malloc.blocks.located).toBe(malloc.blocks.modelled);
    expect(jvm!.categories[0]).toMatchObject({ name: "Java Heap", mappedBytes: 32 * 2 ** 20 });
    // It counts what it asks of malloc, without the headers of chunks; libraries call malloc, too.
    expect(jvm!.mallocBytes).toBeLessThan(malloc.all.modelledBytes!);
    expect(jvm!.mallocBytes).toBeGreaterThan(0.8 * malloc.all.measuredBytes);
  });
});

describe("the report", () => {
  const ALL = ["smaps", "smaps_rollup", "malloc_info.xml", "malloc_stats.txt", "mallinfo.txt"];

  test("as text", async () => {
    const argv = ALL.flatMap((form) => [
      "--observed",
      `filled.${form}@${STOPPED}`,
      "--observed",
      `freed.${form}`,
    ]);
    const { out } = await run([LOG, ...argv]);
    const table = out.slice(out.indexOf("Measured beside"), out.indexOf("\n\nArenas of"));
    const [sentence] = /^Malloc's memory.*\n.*\.$/m.exec(out)!;
    await expect(`${sentence}\n\n${table}\n`).toMatchFileSnapshot("golden/observed.txt");
    const { out: rollup } = await run([LOG, "--observed", "freed.smaps_rollup"], 300);
    expect(rollup).toContain(
      "freed.smaps_rollup has sums over the process: it does not show which memory is malloc's.",
    );
  });

  test("as docs/measured.md shows it", async () => {
    const files = [`filled.smaps@${STOPPED}`, "freed.smaps", "freed.malloc_info.xml"];
    const { out } = await run([LOG, ...files.flatMap((file) => ["--observed", file])]);
    const blocks = codeBlocks("docs/measured.md", "text");
    expect(blocks.length).toBe(1);
    expect(out).toContain(blocks[0]);
  });

  test("as HTML and Markdown", async () => {
    const folder = newFolder();
    const files = ["html", "md"].map((ending) => join(folder, `report.${ending}`));
    await run([LOG, ...at("freed.smaps"), "-q", "-o", files[0]!, "-o", files[1]!]);
    const [page, markdown] = files.map((file) => readFileSync(file, "utf8"));
    expect(page).toMatch(/<section id="observed"[\s\S]*main heap[\s\S]*rest of the process/);
    expect(markdown).toMatch(/Measured beside modelled[\s\S]*\| +main heap +\|/);
  });

  test("names the number to fit where the model is off at the end", async () => {
    // Without what the log states of writes, the model takes whole blocks for written: a half is.
    const folder = newFolder();
    const log = join(folder, "stripped.log");
    const text = gunzipSync(readFileSync(join(FIXTURES, "glibc-2.41.log.gz"))).toString("latin1");
    writeFileSync(log, text.replace(/^# (hole|rss).*\n/gm, ""));
    const smaps = unpacked("glibc-2.41.smaps.gz");
    for (const observed of [smaps, `${smaps}@end`]) {
      const { out } = await run([log, "--observed", observed], 300);
      const [, number] = /\n--observed-rss (\d+KiB) fits what the program wrote/.exec(out) ?? [];
      expect(number, out).toBeDefined();
      const fitted = await momentOf(log, "--observed", observed, "--observed-rss", number!);
      expect(Math.abs(fitted.resident!.malloc!.all.error!)).toBeLessThan(0.001);
    }
    // What the file shows is not all of malloc's memory.
    const areas = readFileSync(smaps, "latin1").split(/^(?=[0-9a-f]+-)/m);
    const heapless = join(folder, "heapless");
    writeFileSync(heapless, areas.filter((area) => !area.includes("[heap]")).join(""));
    const partial = await run([log, "--observed", heapless], 300);
    expect(partial.out).toContain("Malloc's memory at END:");
    expect(partial.out).not.toContain("--observed-rss");
    // A moment before the end is not what the number is of.
    const { out } = await run([log, "--observed", `${smaps}@100`], 300);
    expect(out).toContain("Malloc's memory at 100:");
    expect(out).not.toContain("--observed-rss");
    // What the log states is not to be overridden.
    writeFileSync(
      log,
      text.replace(/^# rss.*\n/gm, "").replace(/(?<=^# hole .*\n)# hole.*\n/gm, ""),
    );
    const stated = await run([log, "--observed", smaps], 300);
    expect(stated.out).toMatch(/Malloc's memory at END: .*\+\d\d\.\d %/);
    expect(stated.out).not.toContain("--observed-rss");
  });

  test("of a file of another run says so, and takes nothing from it", async () => {
    const log = join(FIXTURES, "../pins/many-pins.log.gz");
    const { out } = await run([log, ...at("freed.smaps")], 400);
    expect(out).toContain("freed.smaps is of another run than the log: its heap lies elsewhere.");
    expect(out).toMatch(/freed\.smaps shows 3 heaps of arenas by their shape, the model has 0/);
    expect(out).not.toContain("Malloc's memory at");
    expect(out).not.toContain("--observed-rss");
    const limit = ["--container-limit", "1GiB"];
    const { container } = await reportOf(log, ...at("freed.smaps"), ...limit);
    expect(container).toEqual((await reportOf(log, ...limit)).container);
  });

  test("says where the whole process has less than the model", async () => {
    const folder = newFolder();
    const text = readFileSync(join(FIXTURES, "freed.smaps_rollup"), "latin1");
    writeFileSync(join(folder, "rollup"), text.replace(/^Rss: +\d+/m, "Rss: 4096"));
    const { out } = await run([LOG, "--observed", join(folder, "rollup")], 300);
    expect(out).toContain(
      "rollup has less than the model's RSS: it is of another moment or process, or pages were swapped out.",
    );
    expect(out).not.toContain("the rest, by difference");
  });

  test("of a log of another allocator does not compare parts of malloc's memory", async () => {
    const log = join(FIXTURES, "../allocators/musl-json.log.gz");
    const { out } = await run([log, ...at("freed.smaps")], 300);
    expect(out).toContain("Measured beside modelled");
    expect(out).not.toMatch(/freed\.smaps.*the model has|of another run|: of \d+ mapped/);
  });

  test("of a file without [heap] does not say that it is of another run", async () => {
    const folder = newFolder();
    const text = readFileSync(join(FIXTURES, "freed.smaps"), "latin1");
    const [head, ...areas] = text.split(/^(?=[0-9a-f]+-)/m);
    const without = [head, ...areas.filter((area) => !area.includes("[heap]"))].join("");
    writeFileSync(join(folder, "smaps"), without);
    const argv = [LOG, "--observed", join(folder, "smaps")];
    expect((await momentOf(...argv)).resident!.malloc).toMatchObject({
      sameHeap: null,
      arenaHeaps: { sameAddress: 3 },
    });
    expect((await run(argv, 300)).out).toContain("smaps shows no [heap]");
    // Where the arenas' heaps are the log's, a heap elsewhere does not refute it.
    writeFileSync(
      join(folder, "smaps"),
      text.replace(/^[0-9a-f]+-[0-9a-f]+(?=.*\[heap\])/m, "562a18420000-562a1858b000"),
    );
    expect((await momentOf(...argv)).resident!.malloc!.sameHeap).toBeNull();
  });
});

test("mallog record, which lacks --observed, does not name it", async () => {
  const { out } = await mallog(["record", "--help"], analyse, { env: { COLUMNS: "200" } });
  expect(out).toContain("--base-rss");
  expect(out).not.toMatch(/--observed(?!-rss)/);
});

describe("a file is refused", () => {
  test.each([
    ["README.md", "is none of /proc/PID/smaps"],
    ["missing", "no such file"],
    ["observed.c@12", "is none of"],
    ["freed.smaps@noon", "give END, peak, a line"],
  ])("%s", async (file, reason) => {
    const { code, err } = await run([LOG, "--observed", file]);
    expect(err.replaceAll("\n", " ")).toContain(reason);
    expect({ code, lines: err.trimEnd().split("\n").length }).toEqual({ code: 2, lines: 1 });
  });

  test("if another of its kind is of the same moment", async () => {
    const { code, err } = await run([LOG, ...at("freed.smaps"), ...at("filled.smaps")]);
    expect(code).toBe(2);
    expect(err).toContain("is of the same kind and moment as");
  });

  test("with --no-model", async () => {
    const { code, err } = await run([LOG, ...at("freed.smaps"), "--no-model"]);
    expect(code).toBe(2);
    expect(err).toContain("--no-model");
  });
});
