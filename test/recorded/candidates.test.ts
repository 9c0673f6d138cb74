import { describe, expect, it } from "vitest";
import { candidatesFor, guidedReplayOf } from "../../src/recorded/candidates.ts";
import { GuidedReplay } from "../../src/recorded/guided-replay.ts";
import { type RecordedProcess, SettingRefused } from "../../src/replay/recorded-process.ts";
import { guidedReplay, originOf, WHOLE_POINTERS } from "../support/prepared-log.ts";

const versionsOf = (origins: readonly RecordedProcess[]) =>
  candidatesFor(origins, WHOLE_POINTERS).map(({ origin }) => origin.glibc);

describe("candidates", () => {
  it("share a run if their versions are siblings", () => {
    const origins = ["2.36", "2.31", "2.39", "2.37-tag"].map((glibc) => originOf(glibc));
    const [first, older, ...siblings] = candidatesFor(origins, WHOLE_POINTERS);
    expect(siblings.map(({ recorded }) => recorded === first?.recorded)).toEqual([true, true]);
    expect(older?.recorded).not.toBe(first?.recorded);
    const { guided } = first!.recorded;
    expect(guided.model.profile.name).toBe("2.36");
    expect(guided.siblings.profiles.map(({ name }) => name)).toEqual(["2.39", "2.37-tag"]);
  });

  it("have runs of their own if their settings differ", () => {
    const settings = { MALLOC_TOP_PAD_: "0" };
    const shown = [{ name: "MALLOC_ARENA_MAX", value: 1, above: 0, upTo: 1, others: [] }];
    const origins = [
      originOf("2.36"),
      originOf("2.39", settings),
      { ...originOf("2.37-tag"), shown },
    ];
    const runs = candidatesFor(origins, WHOLE_POINTERS).map(({ recorded }) => recorded);
    expect(new Set(runs).size).toBe(3);
  });

  it("leave out a version whose glibc refuses the settings", () => {
    // There is no tcache before 2.26.
    const settings = { "glibc.malloc.tcache_count": "3" };
    expect(versionsOf([originOf("2.23", settings), originOf("2.36", settings)])).toEqual(["2.36"]);
  });

  it("are an error if every glibc refuses the settings", () => {
    const settings = { "glibc.malloc.tcache_count": "3" };
    const origins = [originOf("2.23", settings), originOf("2.17", settings)];
    expect(() => versionsOf(origins)).toThrow(SettingRefused);
    expect(() => versionsOf(origins)).toThrow("glibc 2.17 has no glibc.malloc.tcache_count");
  });

  it("count a pointer as explained for each setting that the log's beginning showed", () => {
    const shown = [
      { name: "glibc.malloc.tcache_count", value: 3, above: 2, upTo: 3, others: [] },
      { name: "MALLOC_TOP_PAD_", value: 0, above: -1, upTo: 0, others: [] },
    ];
    const [one] = candidatesFor([{ ...originOf("2.36"), shown }], WHOLE_POINTERS);
    expect(one?.recorded.explainedBySettings).toBe(2);
  });

  it("record the RSS of each arena, which a single replay does not", () => {
    const [one] = candidatesFor([originOf("2.36")], WHOLE_POINTERS);
    expect(one?.recorded.guided.arenaSeries).not.toBeNull();
    expect(guidedReplay(originOf("2.36")).arenaSeries).toBeNull();
  });
});

describe("a guided replay", () => {
  it("has the break area at the page of the stated program break", () => {
    const facts = { ...WHOLE_POINTERS, heapStart: 0x5555_5555_9a00 };
    const { model, judge } = guidedReplay(originOf("2.36"), facts);
    expect(judge.addresses.knows(model.breakHeap)).toBe(true);
    expect(judge.addresses.granuleIn(model.breakHeap, 0x5555_5555_9010)).toBe(0);
  });

  it("has no address for the break area if none is stated", () => {
    const { model, judge } = guidedReplay(originOf("2.36"));
    expect(judge.addresses.knows(model.breakHeap)).toBe(false);
  });

  it.each([true, false])("takes over whether pointers are whole: %s", (seesWholePointers) => {
    const facts = { ...WHOLE_POINTERS, seesWholePointers };
    expect(guidedReplay(originOf("2.36"), facts).judge.addresses.state.whole).toBe(
      seesWholePointers,
    );
  });

  it("infers settings only if none are given and the log states none", () => {
    const infers = (origin: RecordedProcess) => guidedReplay(origin).witness.state.infersSettings;
    expect(infers(originOf("2.36", null))).toBe(true);
    expect(infers(originOf("2.36", {}))).toBe(false);
  });

  it("is the refusal where the glibc refuses a setting", () => {
    const origin = originOf("2.23", { "glibc.malloc.tcache_count": "3" });
    expect(guidedReplayOf(origin, WHOLE_POINTERS)).toBeInstanceOf(SettingRefused);
    expect(guidedReplayOf(originOf("2.23"), WHOLE_POINTERS)).toBeInstanceOf(GuidedReplay);
  });
});
