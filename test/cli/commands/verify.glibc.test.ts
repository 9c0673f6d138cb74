import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { reportOfLog } from "../../../src/cli/report-of-log.ts";
import type { Measurements } from "../../../src/report/contract/measurements.ts";
import { OWN_CORPUS } from "../../support/corpus.ts";
import { DEBIAN_GLIBCS, debianGlibc } from "../../support/debian-glibc.ts";
import { realGlibc } from "../../support/glibc-driver.ts";
import { expectMeasurementsJson } from "../../support/report-schema.ts";
import { mallog, newFolder, sharedFolder } from "../../support/run-mallog.ts";

/** Predictions measured on real glibcs: this machine's, and those of Debian's releases. */

const analyse = reportOfLog("test", null);
const found = realGlibc();
const skipped = found.available ? "" : ` (skipped: ${found.reason})`;
const cache = sharedFolder();
const env = { PATH: process.env.PATH, XDG_CACHE_HOME: cache };
const fixture = (path: string): string =>
  fileURLToPath(new URL(`../../../fixtures/${path}`, import.meta.url));
const BATON = join(OWN_CORPUS, "mt-baton24-g236", "trace.log.gz");
/** One of each kind of log; others of the corpus take longer. */
const CASES = [
  "hookb-cpp-async-s-g236",
  "mt-baton12-g244",
  "perl-churn-g223",
  "sqlite3-mem-g239",
  "synth-align-g243",
  "synth-small-trunc32-g236",
  "synth-trim-phase-g236",
  "threadfrag-g217",
  "xz-t2-g236",
];
const JVM = fixture("jvm/inflate/java.log.gz");

afterAll(() => rmSync(cache, { recursive: true, force: true }));

const run = (argv: readonly string[]) => mallog(argv, analyse, { env });

async function measured(argv: readonly string[]): Promise<Measurements & { code: number }> {
  const { out, err, code } = await run([...argv, "--json"]);
  expect(err).toBe("");
  expectMeasurementsJson(out);
  return { ...JSON.parse(out), code };
}

/** Names of the runs whose RSS is not the predicted one to the page. */
function inexact({ runs }: Measurements): string[] {
  return runs.flatMap(({ name, error }) =>
    error?.peakBytes === 0 && error.endBytes === 0 ? [] : [`${name} ${JSON.stringify(error)}`],
  );
}

describe.skipIf(!found.available)(`mallog verify${skipped}`, () => {
  test.each(CASES)("measures what it predicts, to the page: %s", async (name) => {
    const found = await measured(["verify", join(OWN_CORPUS, name, "trace.log.gz")]);
    expect(inexact(found)).toEqual([]);
    expect(found.code).toBe(0);
    expect(found.runs[0]?.name).toBe("as recorded");
  });

  test("says in a line whether the cures hold, in a table by how much", async () => {
    const { out, code } = await run(["verify", JVM]);
    expect(code).toBe(0);
    expect(out).toContain("Measured: on the real allocator all 6 predictions hold to the page.");
    expect(out).toMatch(/^MALLOC_ARENA_MAX=1 +\d+\.\d\d +\d+\.\d\d /m);
  });

  test("exits with 1 if a prediction does not hold", async () => {
    // The model follows the pointers of jemalloc, which glibc does not return.
    const argv = ["verify", fixture("allocators/jemalloc-perl.log.gz"), "--allow-unreliable"];
    const { out, code } = await run(argv);
    expect(out).toContain(
      "Measured: on the real allocator the prediction does not hold: as recorded.",
    );
    expect(code).toBe(1);
  });

  test("refuses what cannot be measured", async () => {
    const both = await run([
      "verify",
      BATON,
      "--with",
      "jemalloc.so",
      "--with",
      "MALLOC_ARENA_MAX=1",
    ]);
    expect([both.code, both.err]).toEqual([
      2,
      "mallog: --with takes one glibc=PATH here; mallog replay measures other settings and allocators; see mallog verify --help\n",
    ]);
    const version = await run(["replay", BATON, "--with", "glibc=2.41"]);
    expect(version.code).toBe(2);
    expect(version.err).toMatch(/--with glibc=2\.41: give the path of its ld.so/);
    const all = await run(["verify", BATON, "--process", "all"]);
    expect([all.code, all.err]).toEqual([
      2,
      "mallog: --process all: give one process, whose calls are to be measured; see mallog verify --help\n",
    ]);
  });

  test("measures nothing where the log does not support the model", async () => {
    const { code, out, err } = await run(["verify", fixture("allocators/jemalloc-perl.log.gz")]);
    expect([code, out]).toEqual([4, ""]);
    expect(err).toContain("--allow-unreliable");
  });

  test("says that there is no compiler", async () => {
    const { code, err } = await mallog(["verify", BATON], analyse, {
      env: { PATH: newFolder(), XDG_CACHE_HOME: newFolder() },
    });
    expect(code).toBe(3);
    expect(err).toMatch(
      /^mallog: the replayer is built at its first use, and there is no C compiler: install gcc and libc6-dev/,
    );
    expect(err.trimEnd()).not.toContain("\n");
  });
});

const others = DEBIAN_GLIBCS.filter(({ glibc }) => !found.available || glibc !== found.glibc);

for (const { glibc, release } of others) {
  const fetched = found.available ? await debianGlibc(glibc, release) : found;
  const why = "reason" in fetched ? ` (skipped: ${fetched.reason})` : "";
  describe.skipIf(why !== "")(`with glibc ${glibc}${why}`, () => {
    test.each(["mt-baton24-g236", "synth-align-g243"])(
      "%s needs what is predicted for it",
      async (name) => {
        const loader = "loader" in fetched ? fetched.loader.program : "";
        const log = join(OWN_CORPUS, name, "trace.log.gz");
        const found = await measured(["verify", log, "--with", `glibc=${loader}`]);
        expect(inexact(found)).toEqual([]);
        expect(found.code).toBe(0);
        expect(new Set(found.runs.map((one) => one.glibc))).toEqual(new Set([glibc]));
      },
    );
  });
}

describe.skipIf(!found.available)(`a JVM's log${skipped}`, () => {
  test("shows what malloc_trim and one arena return, as measured", async () => {
    const argv = ["--what-if", "MALLOC_ARENA_MAX=1", "--what-if", "malloc_trim=end"];
    const found = await measured(["verify", JVM, ...argv]);
    expect(inexact(found)).toEqual([]);
    const [recorded, oneArena, trimmed] = [
      "as recorded",
      "MALLOC_ARENA_MAX=1",
      "malloc_trim=end",
    ].map((name) => found.runs.find((one) => one.name === name)?.measured.endBytes ?? 0);
    expect(oneArena).toBeLessThan(recorded! * 0.95);
    expect(trimmed).toBeLessThan(recorded! * 0.1);
  });

  test("is measured with --verify, in the report", async () => {
    const { out, code } = await run([JVM, "--verify", "--json"]);
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report.cures.length).toBeGreaterThan(0);
    for (const { peak, end, measured } of report.cures) {
      expect(measured).toEqual({ peak, end, holds: true });
    }
    const text = await run([JVM, "--verify"]);
    expect(text.out).toMatch(
      /^Measured: on the real allocator all \d predictions hold to the page\.$/m,
    );
  });
});
