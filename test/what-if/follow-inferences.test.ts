import { describe, expect, it } from "vitest";
import { X86_64 } from "../../src/ptmalloc/machine.ts";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import type { Inferences } from "../../src/replay/inferences.ts";
import { modelFor } from "../../src/replay/recorded-process.ts";
import { Replay } from "../../src/replay/replay.ts";
import { followInferences } from "../../src/what-if/follow-inferences.ts";
import { scenario } from "../support/corpus.ts";

const NOTHING: Inferences = {
  first: 0,
  insertions: [],
  unloggedBytes: 0,
  cpus: null,
  settings: [],
  retractsThreshold: false,
  breakStart: 0,
  isMeasured: false,
  glibc: null,
};
const SHOWN = [{ name: "MALLOC_MMAP_THRESHOLD_", value: 262_144 }];

/** The parameters of a what-if after an mmap threshold of the process was inferred and taken back. */
function afterRetraction(settings: Record<string, string>) {
  const profile = profileOf("2.36")!;
  const origin = {
    ...X86_64,
    glibc: "2.36",
    glibcSource: "given",
    profile,
    cpus: 2,
    settings: {},
    tunables: null,
    settingsSource: "default",
    shown: [],
    breakStart: 0,
  } as const;
  const spec = scenario("what-if", settings, false);
  const replay = new Replay(modelFor(origin, spec), Number.POSITIVE_INFINITY);
  followInferences(replay, spec, { ...NOTHING, settings: SHOWN });
  followInferences(replay, spec, { ...NOTHING, retractsThreshold: true });
  return replay.model.par;
}

describe("an mmap threshold that was inferred and is taken back", () => {
  it("is the default again, and moves", () => {
    expect(afterRetraction({})).toMatchObject({ mmapThreshold: 131_072, noDynThreshold: false });
  });

  it.each([
    [{ MALLOC_TRIM_THRESHOLD_: "4096" }, { trimThreshold: 4096 }],
    [{ "glibc.malloc.trim_threshold": "4096" }, { trimThreshold: 4096 }],
    [{ MALLOC_TOP_PAD_: "0" }, { topPad: 0 }],
    [{ MALLOC_MMAP_MAX_: "7" }, { mmapMax: 7 }],
  ])("leaves the thresholds as the scenario's own settings make them: %o", (settings, own) => {
    const expected = { ...own, mmapThreshold: 131_072, noDynThreshold: true };
    expect(afterRetraction(settings)).toMatchObject(expected);
  });
});
