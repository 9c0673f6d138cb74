import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LOGS } from "../../fixtures/inference/make.ts";
import { CutSizes } from "../../src/recorded/explain/cut-sizes.ts";
import { ForeignSbrk } from "../../src/recorded/explain/foreign-sbrk.ts";
import { RecentPast } from "../../src/recorded/explain/past.ts";
import { ProcessSettings } from "../../src/recorded/explain/process-settings.ts";
import { GuidedReplay } from "../../src/recorded/guided-replay.ts";
import { PointerWitness } from "../../src/replay/pointers/pointer-witness.ts";
import { analyse, UNKNOWN_PROCESS } from "../support/corpus.ts";

/**
 * Logs that a person can read, one per rule of inference (fixtures/inference). `expected.json` holds what the report says
 * with the rule, and without it; `npx vitest run test/recorded/golden-logs -u` writes it anew.
 */
const FOLDER = fileURLToPath(new URL("../../fixtures/inference", import.meta.url));

/** The longest log that needs no repetition. */
const MAX_LINES = 40;
/** A setting that matters from the log's beginning on must match this many events more (process-settings.ts). */
const REPEATED_LINES = 205;

/** How each rule is switched off. Returns the glibc that the user states. */
const WITHOUT: Readonly<Record<string, () => string>> = {
  order: withoutExplanations,
  exits: withoutExplanations,
  "setting-tcache-count": () => {
    vi.spyOn(ProcessSettings.prototype, "explain").mockImplementation(function* () {
      yield;
      return [];
    });
    return "auto";
  },
  "setting-arena-max": () => {
    vi.spyOn(PointerWitness.prototype, "sharesMainArena").mockReturnValue(false);
    return "auto";
  },
  "setting-mmap-threshold": () => {
    vi.spyOn(PointerWitness.prototype, "isMapped").mockImplementation((_, __, mapped) => mapped);
    return "auto";
  },
  "foreign-sbrk": () => {
    vi.spyOn(ForeignSbrk.prototype, "shownBy").mockReturnValue(null);
    return "auto";
  },
  "cut-sizes": () => {
    vi.spyOn(CutSizes.prototype, "correct").mockReturnValue(-1);
    return "auto";
  },
  "late-exits": () => {
    vi.spyOn(PointerWitness.prototype, "arenaShown").mockReturnValue(null);
    return "auto";
  },
  "attached-late": () => {
    vi.spyOn(GuidedReplay.prototype, "placeUnlogged").mockReturnValue(undefined);
    vi.spyOn(GuidedReplay.prototype, "freeUnlogged").mockReturnValue(undefined);
    vi.spyOn(GuidedReplay.prototype, "place").mockImplementation(function place(
      this: GuidedReplay,
      c,
      { batch },
      i,
    ) {
      const { event } = this.replay.state;
      this.judge.judge(this.model, c, batch.pointerOut[i]!, event, batch.line[i]!);
      return c;
    });
    return "auto";
  },
  "glibc-version": () => "2.36",
};

function withoutExplanations(): string {
  vi.spyOn(RecentPast.prototype, "try").mockReturnValue(null);
  return "auto";
}

/** What the report says of the process and of what was inferred. */
function figuresOf(log: string, glibc: string) {
  const { model, live } = analyse(Buffer.from(log), { ...UNKNOWN_PROCESS, glibc });
  if (model === null) {
    throw new Error("there is no model");
  }
  const { glibcRange, settings, settingsRange, inferred, fidelity } = model;
  return {
    // One text, because Biome formats lists in another way than JSON.stringify.
    glibcRange: glibcRange.join(", "),
    settings,
    settingsRange,
    inferred: Object.fromEntries(Object.entries(inferred).filter(([, value]) => value !== 0)),
    fidelity,
    liveBytes: live.bytes,
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

const names = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

it("every folder is made by make.ts", () => {
  expect(names).toEqual(Object.keys(LOGS).sort());
  expect(names).toEqual(Object.keys(WITHOUT).sort());
});

describe.each(names)("%s", (name) => {
  const log = readFileSync(join(FOLDER, name, "trace.log"), "latin1");

  it("is as make.ts writes it, and short", () => {
    expect(log).toBe(Buffer.from(LOGS[name]!()).toString("latin1"));
    const lines = log.split("\n").filter((line) => /^\d/.test(line)).length;
    expect(lines).toBeLessThanOrEqual(
      name === "setting-tcache-count" ? MAX_LINES + REPEATED_LINES : MAX_LINES,
    );
  });

  it("has the figures expected, which need the rule", async () => {
    const withRule = figuresOf(log, "auto");
    const glibc = WITHOUT[name]!();
    const withoutRule = figuresOf(log, glibc);
    const figures = { withRule, withoutRule };
    await expect(`${JSON.stringify(figures, null, 2)}\n`).toMatchFileSnapshot(
      join(FOLDER, name, "expected.json"),
    );
    const mismatches = ({ compared, equal }: typeof withRule.fidelity) => compared - equal;
    // A cut size counts as a mismatch, whether it was restored or not.
    if (name === "cut-sizes") {
      expect(withoutRule.liveBytes).toBeLessThan(withRule.liveBytes);
    } else {
      expect(mismatches(withoutRule.fidelity)).toBeGreaterThan(mismatches(withRule.fidelity));
    }
  });
});
