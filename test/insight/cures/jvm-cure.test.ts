import { describe, expect, it } from "vitest";
import { jvmCure } from "../../../src/insight/cures/jvm-cure.ts";
import { verdict } from "../../../src/insight/verdict.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { report, scenario } from "../../support/report-builder.ts";

const SCENARIOS = [
  scenario("as recorded", { endMiB: 40 }),
  scenario("malloc_trim=end", { endMiB: 10, trim: "end" }),
];

function cure(version: string | null, given: Partial<Report> = {}): string | null {
  const jvm = { version, evidence: "mapping" as const };
  return jvmCure(report({ scenarios: SCENARIOS, jvm, ...given }))?.text ?? null;
}

const TRIM = "jcmd PID System.trim_native_heap";
const INTERVAL = "-XX:TrimNativeHeapInterval=60000";
const UNLOCK = "-XX:+UnlockExperimentalVMOptions";

describe("what to type for a malloc_trim in a JVM", () => {
  it("is jcmd's command, and an option for trims at intervals", () => {
    expect(cure("17.0.15+6")).toBe(
      `In this JVM (17.0.15+6), ${TRIM} calls malloc_trim once, and ${INTERVAL} does every minute.`,
    );
    expect(cure(null)).toBe(
      `In a JVM, ${TRIM} calls malloc_trim once (JDK 11.0.18, 17.0.2, 18 or newer), and ${INTERVAL} does every minute (JDK 17.0.9, 21.0.1, 22 or newer; the first of them need ${UNLOCK}, too).`,
    );
  });

  it.each([
    ["8u402", false, false],
    ["8", false, false],
    ["11.0.17", false, false],
    ["11.0.18+10", true, false],
    ["16.0.2", false, false],
    ["17.0.1", false, false],
    ["17.0.2", true, false],
    ["17.0.9+9", true, true],
    ["18", true, false],
    ["20.0.2", true, false],
    ["21.0.1+12", true, true],
    ["22", true, true],
    ["25.0.3+9", true, true],
  ])("of JDK %s: jcmd %s, option %s", (version, trims, intervals) => {
    const text = cure(version) ?? "";
    expect([text.includes(TRIM), text.includes(INTERVAL)]).toEqual([trims, intervals]);
    expect(text).not.toContain("or newer)");
    if (!trims) {
      expect(text).toBe(
        `No command of this JVM (${version}) calls malloc_trim; that needs JDK 11.0.18, 17.0.2, 18 or newer.`,
      );
    }
  });

  it.each([
    ["17.0.9+9", true],
    ["17.0.12+7", false],
    ["21.0.1+12", true],
    ["21.0.4+7", false],
    ["22", true],
    ["23", false],
  ])("unlocks the option of JDK %s, which is experimental there: %s", (version, isExperimental) => {
    const text = cure(version) ?? "";
    expect(text.includes(`${UNLOCK} ${INTERVAL} do`)).toBe(isExperimental);
    expect(text.includes(UNLOCK)).toBe(isExperimental);
  });

  it("says which updates have them, if only the release is known", () => {
    expect(cure("17")).toContain(
      `${TRIM} calls malloc_trim once (JDK 11.0.18, 17.0.2, 18 or newer)`,
    );
    expect(cure("21")).toBe(
      `In this JVM (21), ${TRIM} calls malloc_trim once, and ${INTERVAL} does every minute (JDK 17.0.9, 21.0.1, 22 or newer; the first of them need ${UNLOCK}, too).`,
    );
  });

  it("is nothing without evidence of a JVM, or if a malloc_trim saves little or was not tried", () => {
    expect(jvmCure(report({ scenarios: SCENARIOS }))).toBeNull();
    const [recorded, trimmed] = SCENARIOS;
    expect(cure("17", { scenarios: [recorded!] })).toBeNull();
    const little = scenario("malloc_trim=end", { endMiB: 38.5 });
    expect(cure("17", { scenarios: [recorded!, little] })).toBeNull();
    const small = [
      scenario("as recorded", { endMiB: 1 }),
      scenario("malloc_trim=end", { endMiB: 0.5 }),
    ];
    expect(cure("17", { scenarios: small })).toBeNull();
    const failing = { ...trimmed!, failedCalls: 3 };
    expect(cure("17", { scenarios: [recorded!, failing] })).toBeNull();
  });

  it("follows the cure on the first screen", () => {
    const jvm = { version: "17.0.15+6", evidence: "thread dump" as const };
    const texts = verdict(report({ scenarios: SCENARIOS, jvm })).map(({ text }) => text);
    const at = texts.findIndex((text) => text.startsWith("Cure: "));
    expect(texts[at + 1]).toContain(TRIM);
  });
});
