import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ShortWordsRefused } from "../../src/pipeline/short-words.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { analyse } from "../support/corpus.ts";

/** Real logs of other machines: fixtures/machines/README.md. */
const FOLDER = fileURLToPath(new URL("../../fixtures/machines", import.meta.url));
const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".log.gz"))
  .map((file) => file.slice(0, -".log.gz".length));

function logOf(name: string): Buffer {
  return gunzipSync(readFileSync(join(FOLDER, `${name}.log.gz`)));
}

interface Given {
  readonly model?: boolean;
  readonly glibc?: string;
  readonly recordedWith?: Readonly<Record<string, string>>;
  /** comment lines above the log */
  readonly head?: string;
}

function reportOf(name: string, given: Given = {}): Report {
  const log = Buffer.concat([Buffer.from(given.head ?? ""), logOf(name)]);
  return analyse(log, {
    model: given.model ?? true,
    whatIfs: [],
    recordedWith: given.recordedWith ?? null,
    glibc: given.glibc ?? "auto",
    cpus: null,
    hostCpus: 2,
    touch: "facts",
    thp: null,
  });
}

describe("a log of arm64", { timeout: 60_000 }, () => {
  it.each(names.filter((name) => name.startsWith("arm64")))("%s is reproduced", (name) => {
    const glibc = /2\.\d+/.exec(name)![0];
    const { model } = reportOf(name);
    expect(model).toMatchObject({ fidelity: { ratio: 1 }, settings: {} });
    expect(model!.glibcRange).toContain(glibc);
    expect(model!.pageBytes).toBe(name.endsWith("64k") ? 65536 : 4096);
    expect(model!.thpUnitBytes).toBe(glibc === "2.36" ? 0 : 2 * 1024 * 1024);
  });

  it("is not reproduced with pages of another size, or without the unit", () => {
    const ratio = (name: string, head: string) => reportOf(name, { head }).model!.fidelity.ratio;
    expect(ratio("arm64-align-2.44-qemu64k", "# page 4096\n")).toBeLessThan(1);
    const head = "# glibc 2.44\n# setting glibc.malloc.hugetlb=0\n";
    expect(ratio("arm64-realloc-2.44-rebased4k", head)).toBeLessThan(1);
  });

  it("may state its machine", () => {
    const head = "# arch aarch64\n# page 65536\n";
    const { model } = reportOf("arm64-align-2.44-qemu64k", { head });
    expect(model).toMatchObject({ fidelity: { ratio: 1 }, glibc: "2.44", pageBytes: 65536 });
  });
});

describe("a log under hugetlb=1", { timeout: 60_000 }, () => {
  const settings = { "glibc.malloc.hugetlb": "1" };

  it.each(names.filter((name) => name.startsWith("hugetlb")))("%s is reproduced", (name) => {
    const glibc = /2\.\d+/.exec(name)![0];
    const { model } = reportOf(name, { glibc, recordedWith: settings });
    expect(model).toMatchObject({ fidelity: { ratio: 1 }, settings });
    expect(model!.thpUnitBytes).toBe(2 * 1024 * 1024);
  });

  it("shows the setting by its pointers", () => {
    const { model } = reportOf("hugetlb-large-2.44", { glibc: "2.44" });
    expect(model).toMatchObject({
      settings,
      settingsSource: { "glibc.malloc.hugetlb": "detected" },
    });
  });
});

describe("a log of a 32-bit process", () => {
  const ofI386 = names.filter((name) => name.startsWith("i386"));

  it.each(ofI386)("%s is refused", (name) => {
    expect(() => reportOf(name)).toThrow(ShortWordsRefused);
  });

  it("is counted without the model", () => {
    expect(reportOf("i386-small", { model: false }).trace.events).toBe(400);
  });
});
