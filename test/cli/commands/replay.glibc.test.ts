import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test, vi } from "vitest";
import { reportOfLog } from "../../../src/cli/report-of-log.ts";
import { libraryOf } from "../../../src/native-replay/other-allocators.ts";
import type { Measurements } from "../../../src/report/contract/measurements.ts";
import { OWN_CORPUS } from "../../support/corpus.ts";
import { codeBlocks } from "../../support/documents.ts";
import { realGlibc } from "../../support/glibc-driver.ts";
import { expectMeasurementsJson } from "../../support/report-schema.ts";
import { mallog, newFolder, sharedFolder } from "../../support/run-mallog.ts";

/** Logs whose calls are made again with this machine's glibc, and with other allocators. */

const analyse = reportOfLog("test", null);
const found = realGlibc();
const skipped = found.available ? "" : ` (skipped: ${found.reason})`;
const cache = sharedFolder();
const env = { PATH: process.env.PATH, XDG_CACHE_HOME: cache, COLUMNS: "80" };
const BATON = join(OWN_CORPUS, "mt-baton24-g236", "trace.log.gz");
const JVM = fileURLToPath(new URL("../../../fixtures/jvm/inflate/java.log.gz", import.meta.url));

afterAll(() => rmSync(cache, { recursive: true, force: true }));

const run = (argv: readonly string[]) => mallog(argv, analyse, { env });

async function replayed(argv: readonly string[]): Promise<Measurements> {
  const { out, err, code } = await run(["replay", ...argv, "--json"]);
  expect([code, err]).toEqual([0, ""]);
  expectMeasurementsJson(out);
  return JSON.parse(out);
}

describe.skipIf(!found.available)(`mallog replay${skipped}`, () => {
  test("measures settings, and trims when the what-if does", async () => {
    const { runs } = await replayed([
      BATON,
      ...["--with", "MALLOC_ARENA_MAX=3,malloc_trim=end"],
      ...["--with", "malloc_trim=100ms", "--with", "malloc_trim=300ms"],
    ]);
    expect(runs.map(({ name, error }) => [name, error])).toEqual(
      [
        "as recorded",
        "MALLOC_ARENA_MAX=3,malloc_trim=end",
        "malloc_trim=100ms",
        "malloc_trim=300ms",
      ].map((name) => [name, { peakBytes: 0, endBytes: 0 }]),
    );
    expect(new Set(runs.map(({ measured }) => measured.peakBytes)).size).toBeGreaterThan(2);
  });

  test("writes blocks as --touch says", async () => {
    const all = await replayed([BATON, "--with", "malloc_trim=end", "--touch", "all"]);
    const none = await replayed([BATON, "--with", "malloc_trim=end", "--touch", "none"]);
    for (const { runs } of [all, none]) {
      expect(runs.map(({ holds }) => holds)).toEqual([true, true]);
    }
    expect(none.runs[0]?.measured.endBytes).toBeLessThan(all.runs[0]!.measured.endBytes * 0.8);
  });

  test("lets the threads run freely, as docs/prove.md shows", async () => {
    const argv = ["replay", BATON, "--free"];
    const { out } = await run(argv);
    // Numbers differ from run to run.
    const shape = (text: string): string => text.replace(/[\d.]+/g, "0").replace(/[\s─]+/g, " ");
    expect(shape(out)).toContain(shape(codeBlocks("docs/prove.md", "text")[1] ?? "none"));
    const { runs } = await replayed([...argv.slice(1), "--with", "MALLOC_ARENA_MAX=1"]);
    const live = 6 * 2 ** 20;
    for (const { freeRuns, measured, holds } of runs) {
      expect(holds).toBe(null);
      expect(freeRuns).toHaveLength(5);
      const ends = freeRuns!.map(({ endBytes }) => endBytes).sort((a, b) => a - b);
      expect(measured.endBytes).toBe(ends[2]);
      expect(ends[0]).toBeGreaterThan(live);
    }
    expect(runs[1]?.measured.peakBytes).toBeLessThan(runs[0]!.measured.peakBytes * 0.9);
  });

  test("has one order of a log of one thread, freely or not", async () => {
    const log = join(OWN_CORPUS, "synth-small-trunc32-g236", "trace.log.gz");
    const { runs } = await replayed([log, "--free", "--with", "malloc_trim=end"]);
    for (const { freeRuns, predicted } of runs) {
      expect(freeRuns?.map(({ endBytes }) => endBytes)).toEqual(Array(5).fill(predicted?.endBytes));
    }
  });

  const allocators = ["jemalloc", "tcmalloc", "mimalloc"];
  const missing = allocators.filter((name) => "error" in libraryOf(name));
  const why = missing.length === 0 ? "" : ` (skipped: no ${missing.join(", ")})`;
  test.skipIf(missing.length > 0)(
    `answers whether to switch to another allocator${why}`,
    async () => {
      const targets = allocators.flatMap((name) => ["--with", name]);
      const { runs } = await replayed([JVM, ...targets]);
      expect(runs.slice(-3).map(({ name }) => name)).toEqual(allocators);
      const live = 4 * 2 ** 20;
      for (const { measured, purged, predicted, failedCalls } of runs.slice(-3)) {
        expect([predicted, failedCalls]).toEqual([null, 0]);
        expect(measured.endBytes).toBeGreaterThan(live);
        expect(measured.peakBytes).toBeGreaterThanOrEqual(measured.endBytes);
        expect(purged?.endBytes).toBeGreaterThan(live);
        // They keep what was freed for a time, which the replay does not last.
        expect(purged?.endBytes).toBeLessThan(measured.endBytes * 0.5);
        expect(purged?.peakBytes).toBeLessThan(measured.peakBytes);
      }
      const { out } = await run(["replay", JVM, ...targets]);
      expect(out).toMatch(/^jemalloc: (a switch would|no reason to switch)/m);
      expect(out).toMatch(/of\s+glibc\s+\(malloc_trim=end\)/);
      expect(out).toMatch(/^jemalloc, purged /m);
      expect(runs[0]?.purged).toBe(null);
      const byPath = libraryOf("jemalloc");
      const path = "ok" in byPath ? byPath.ok : "";
      const again = await replayed([JVM, "--with", path]);
      expect(again.runs.at(-1)?.allocator).toBe(path);
    },
  );

  test("says what is missing, and how to get it", async () => {
    const library = join(newFolder(), "libnone.so");
    const { code, err } = await run(["replay", BATON, "--with", library]);
    expect([code, err]).toEqual([
      3,
      `mallog: ${library} cannot be measured: there is no such file\n`,
    ]);
    const loader = join(newFolder(), "ld.so");
    const other = await run(["replay", BATON, "--with", `glibc=${loader}`]);
    expect(other.code).toBe(3);
    expect(other.err).toBe(`mallog: ${loader} cannot be measured: there is no such file\n`);
    const unknown = await run(["replay", BATON, "--with", "hoard"]);
    expect([unknown.code, unknown.err]).toEqual([
      2,
      "mallog: --with hoard: no such allocator; give jemalloc, tcmalloc, mimalloc, the path of a library, or settings; see mallog replay --help\n",
    ]);
  });

  test("says where its temporary file cannot be written", async () => {
    const folder = join(newFolder(), "none");
    vi.stubEnv("TMPDIR", folder);
    const { code, err } = await run(["replay", BATON]);
    vi.unstubAllEnvs();
    expect([code, err]).toEqual([
      3,
      `mallog: the log cannot be measured: its calls cannot be written to a file in ${folder}: its directory does not exist; TMPDIR names another folder\n`,
    ]);
  });

  const isQuoted = found.available && found.glibc === "2.36";
  test.skipIf(!isQuoted)("prints what docs/prove.md quotes of verify (glibc 2.36)", async () => {
    const { out } = await run(["verify", JVM]);
    const [quoted = ""] = codeBlocks("docs/prove.md", "text");
    expect(out.slice(0, quoted.length)).toBe(quoted);
    expect(quoted).toContain("malloc_trim=end");
  });
});
