import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Citation, citationsIn, type DocumentName, entriesOf } from "./citations.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

const ENTRIES: Readonly<Record<DocumentName, ReadonlySet<string>>> = {
  ptmalloc2: entriesOf(read("docs/ptmalloc2.md")),
  touch: entriesOf(read("docs/touch.md")),
};

/** This folder's own examples cite what does not exist. */
const files = ["src", "test"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((name) => /\.(?:ts|c|js|md)$/.test(name) && !name.startsWith(join("test", "docs"))),
);

function missingIn(path: string, text: string, unnamed?: DocumentName): string[] {
  return citationsIn(text, unnamed)
    .filter(({ document, entry }) => !ENTRIES[document].has(entry))
    .map(({ document, entry, line }) => `${path}:${line} cites ${entry} of docs/${document}.md`);
}

describe("src and test", () => {
  it("cite only what the specifications have", () => {
    expect(files.flatMap((path) => missingIn(path, read(path)))).toEqual([]);
  });

  it("cite both of them", () => {
    const cited = files.flatMap((path) => citationsIn(read(path)));
    const count = (wanted: (citation: Citation) => boolean) => cited.filter(wanted).length;
    expect(count(({ document }) => document === "touch")).toBeGreaterThan(5);
    expect(count(({ entry }) => entry.startsWith("T"))).toBeGreaterThan(50);
    expect(count(({ document }) => document === "ptmalloc2")).toBeGreaterThan(200);
  });
});

describe("a citation", () => {
  const cited = (text: string): string[] =>
    citationsIn(text).map(({ document, entry }) => `${document} ${entry}`);

  it.each([
    [
      "of sections, with or without a name",
      "(ptmalloc2.md §2.6, §8)",
      ["ptmalloc2 2.6", "ptmalloc2 8"],
    ],
    ["without a name", "see §3.8.1.", ["ptmalloc2 3.8.1"]],
    ["of a range", "docs/ptmalloc2.md §3.3–§3.6", ["ptmalloc2 3.3", "ptmalloc2 3.6"]],
    ["of the other document", "`docs/touch.md` §2, §4", ["touch 2", "touch 4"]],
    ["of both", "touch.md §3, and §9.2's list", ["touch 3", "touch 9.2"]],
    ["of both, apart", "touch.md §3; the allocator's are §9.2's", ["touch 3", "ptmalloc2 9.2"]],
    ["over two lines of a comment", " * as touch.md\n * §4 has it", ["touch 4"]],
    ["of traps", "(trap T8; T17, T29)", ["ptmalloc2 T8", "ptmalloc2 T17", "ptmalloc2 T29"]],
    ["of nothing: a time, a type", "2026-01-01T12:00, Array<T>", []],
  ])("%s", (_, text, found) => {
    expect(cited(text)).toEqual(found);
  });

  it("of a missing entry is named with its place", () => {
    const text = "/**\n * First (§3.7).\n * Then §3.77 and\n * touch.md §9. (T30)\n */\n";
    expect(missingIn("src/x.ts", text)).toEqual([
      "src/x.ts:3 cites 3.77 of docs/ptmalloc2.md",
      "src/x.ts:4 cites 9 of docs/touch.md",
      "src/x.ts:4 cites T30 of docs/ptmalloc2.md",
    ]);
  });
});

describe("the documents", () => {
  it.each(readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md")))(
    "docs/%s cites only what is there",
    (name) => {
      const path = join("docs", name);
      expect(missingIn(path, read(path), name === "touch.md" ? "touch" : "ptmalloc2")).toEqual([]);
    },
  );
});

describe("the entries of a document", () => {
  it("are its headings, its traps, and the items of a chapter that is a list", () => {
    const text =
      "# Title\n## 3. Three\n```\n1. code\n```\n### 3.8 a\n1. step\n#### 3.8.1 b\n* **T1** x\n## 12. L\n13. *fork*\n";
    expect([...entriesOf(text)]).toEqual(["3", "3.8", "3.8.1", "T1", "12", "12.13"]);
  });
});

describe("paths that the documents name exist", () => {
  const documents = ["ptmalloc2", "touch", "adding-a-glibc-version", "measured-truth"];
  it.each(documents)("docs/%s.md", (name) => {
    const named = read(`docs/${name}.md`).match(/\b(?:src|test|fixtures|docs)\/[\w./-]*\w/g) ?? [];
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
