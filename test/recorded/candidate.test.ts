import { expect, it } from "vitest";
import { settingsOf, shownSettings } from "../../src/recorded/candidate.ts";
import { RecordedRun } from "../../src/recorded/recorded-run.ts";
import type { ShownSetting } from "../../src/replay/inferred-settings.ts";
import { guidedReplay, originOf } from "../support/prepared-log.ts";

const TCACHE_COUNT: ShownSetting = {
  name: "glibc.malloc.tcache_count",
  value: 3,
  above: 2,
  upTo: 3,
  others: [],
};

/** A version whose settings were given in part, shown from the log's beginning in part, and shown later in part. */
function candidate() {
  const origin = { ...originOf("2.36", { MALLOC_TOP_PAD_: "0" }), shown: [TCACHE_COUNT] };
  const recorded = new RecordedRun(guidedReplay(origin));
  const { witness, model } = recorded.guided;
  model.par.mmapThreshold = 65536;
  Object.assign(witness.state, {
    showsThreshold: true,
    largestOnTop: 60000,
    smallestMapped: 70000,
  });
  return { origin, recorded };
}

it("lists the settings that the pointers show, those from the log's beginning first", () => {
  expect(shownSettings(candidate())).toEqual([
    TCACHE_COUNT,
    { name: "MALLOC_MMAP_THRESHOLD_", value: 65536, above: 60000, upTo: 70000, others: [] },
  ]);
});

it("names all settings, given and shown", () => {
  expect(settingsOf(candidate())).toEqual({
    MALLOC_TOP_PAD_: "0",
    "glibc.malloc.tcache_count": "3",
    MALLOC_MMAP_THRESHOLD_: "65536",
  });
});

it("leaves the given settings as they are", () => {
  const one = candidate();
  settingsOf(one);
  expect(one.origin.settings).toEqual({ MALLOC_TOP_PAD_: "0" });
});
