import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { strip } from "../../../fixtures/strip.ts";
import { reportOfLog } from "../../../src/cli/report-of-log.ts";
import type { Workers } from "../../../src/pipeline/analyse.ts";
import { inShares } from "../../../src/pipeline/threads/worker-runner.ts";
import type { ScenarioSpec } from "../../../src/replay/scenario-spec.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { casesOf, logOf, OWN_CORPUS, optionsFor, scenario } from "../../support/corpus.ts";
import { MALLOG } from "../../support/mallog-command.ts";
import { newFolder } from "../../support/run-mallog.ts";

const WORKERS = {
  reading: new URL("../dist/node/reading-worker.js", pathToFileURL(MALLOG)),
  whatIf: new URL("../dist/node/what-if-worker.js", pathToFileURL(MALLOG)),
  cores: 3,
};

/** A log of many threads that share arenas, long enough for a worker: full, and as a simple hook writes it. */
const [THREADS] = casesOf(OWN_CORPUS).filter(({ name }) => name === "mt-baton24-g236");
const log = logOf(THREADS!, "default")!;
const stripped = Buffer.from(strip(log.toString("latin1"), ["events", "caller", "cut"]), "latin1");
const late = log.subarray(log.indexOf("\n", Math.floor(log.length / 5)) + 1);

const OPTIONS = {
  ...optionsFor(THREADS!, "default", [
    scenario("one", { MALLOC_ARENA_MAX: "1" }, false),
    scenario("two", { MALLOC_ARENA_MAX: "2" }, false),
    scenario("two, trimmed", { MALLOC_ARENA_MAX: "2" }, true),
    scenario("trimmed", {}, true),
  ]),
  glibc: "auto",
  process: null,
  cpus: null,
};

function chunks(bytes: Buffer, length: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += length) {
    pieces.push(bytes.subarray(at, at + length));
  }
  return pieces;
}

function report(
  workers: Workers | null,
  pieces: readonly Buffer[],
  signal = NEVER,
): Promise<Report> {
  const hooks = { stdin: Readable.from(pieces), signal, onProgress: () => {} };
  return reportOfLog("test", workers)([], OPTIONS, hooks);
}

const NEVER = new AbortController().signal;

describe("what-ifs in worker threads", () => {
  it.each([
    ["full", log, [4093, 1_000_003]],
    ["as a simple hook writes it", stripped, [4093]],
    ["attached late, compared with a baseline", late, [65_537]],
  ])(
    "give the report that one thread gives, whatever pieces the log comes in: %s",
    async (_, bytes, lengths) => {
      const expected = JSON.stringify(await report(null, chunks(bytes, 65_536)));
      for (const length of lengths) {
        expect(JSON.stringify(await report(WORKERS, chunks(bytes, length)))).toBe(expected);
      }
    },
  );

  it("cover what was read before an interruption", async () => {
    const controller = new AbortController();
    async function* endless() {
      yield* chunks(log, 65_536);
      controller.abort();
      yield log;
    }
    const hooks = {
      stdin: Readable.from(endless()),
      signal: controller.signal,
      onProgress: () => {},
    };
    const { complete, scenarios, trace } = await reportOfLog("test", WORKERS)([], OPTIONS, hooks);
    expect(complete).toBe(false);
    expect(trace.events).toBeGreaterThan(100_000);
    expect(scenarios.map(({ name }) => name)).toContain("two, trimmed");
  });

  it.each([
    ["cannot run", "throw new Error('no worker today');", "no worker today"],
    ["ends", "process.exit(7);", "the what-if worker exited with 7"],
    [
      "ends later",
      'import { parentPort } from "node:worker_threads"; parentPort.once("message", () => process.exit(7));',
      "the what-if worker exited with 7",
    ],
  ])("end the analysis with an error if the worker %s", async (_, code, message) => {
    const broken = join(newFolder(), "broken.mjs");
    writeFileSync(broken, code);
    await expect(
      report({ ...WORKERS, whatIf: pathToFileURL(broken) }, chunks(log, 65_536)),
    ).rejects.toThrow(message);
  });
});

describe("the shares of what-ifs", () => {
  const named = (name: string, settings: Record<string, string>) => scenario(name, settings, false);
  const limited = ["1", "2", "3", "4", "5", "6", "7"].map((max) => {
    return named(max, { MALLOC_ARENA_MAX: max });
  });
  const [one, two] = limited;
  const sharing = scenario("1, trimmed", { MALLOC_ARENA_MAX: "1" }, true);
  const names = (cores: number, ...specs: ScenarioSpec[]) =>
    inShares(specs, cores, true).map((share) => share.map(({ name }) => name));

  it("are one per core but one, and scenarios that share replays stay together", () => {
    expect(names(2, one!, two!, sharing)).toEqual([["1", "1, trimmed", "2"]]);
    expect(names(4, one!, two!, sharing)).toEqual([["1", "1, trimmed"], ["2"]]);
  });

  it("are one per core if there are many what-ifs", () => {
    expect(names(2, ...limited.slice(0, 6))).toHaveLength(1);
    expect(names(2, ...limited)).toEqual([
      ["1", "3", "5", "7"],
      ["2", "4", "6"],
    ]);
  });

  it("are counted without trials where the log has had one thread so far", () => {
    const trials = limited.slice(1).map((spec) => ({ ...spec, trial: true }) as const);
    expect(inShares([one!, ...trials], 2, true)).toHaveLength(2);
    expect(inShares([one!, ...trials], 2, false)).toHaveLength(1);
  });
});
