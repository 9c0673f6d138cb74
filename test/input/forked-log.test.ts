import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bytesOfParents, withParents } from "../../src/input/forked-log.ts";
import { newFolder } from "../support/run-mallog.ts";

/** A forked process's log read with its parent's. */

const CALL = "00:00:00.000001 [0x00401000] malloc(24)\t= 0x5555555592a0\n";

function head(pid: number, ...more: string[]): string {
  return ["# hook mallog 1", `# pid ${pid}`, `# command c${pid}`, ...more, "# heap 0x555555559000"]
    .map((line) => `${line}\n`)
    .join("");
}

const PARENT = `${head(100)}# map 1-2 r-xp a\n# thread 100 main\n100 ${CALL}101 ${CALL}`;

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = newFolder();
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function textOf(path: string): Promise<string | null> {
  const chunks = withParents(path);
  if (chunks === null) {
    return null;
  }
  let text = "";
  for await (const chunk of chunks) {
    text += chunk.toString("latin1");
  }
  return text;
}

describe("the log of a forked process", () => {
  it("begins with its parent's up to the fork, whose forking thread is its own", async () => {
    const fork = `# forked p.100.log ${PARENT.length} 100`;
    const own = `# map 3-4 r-xp b\n# thread 200 main\n200 ${CALL}`;
    const folder = folderWith({
      "p.100.log": `${PARENT}100 ${CALL}`,
      "p.200.log": `${head(200, fork)}${own}`,
    });
    const path = join(folder, "p.200.log");
    expect(await textOf(path)).toBe(
      `${head(100).replace("pid 100", "pid 200")}# map 1-2 r-xp a\n# thread 200 main\n200 ${CALL}101 ${CALL}# fork 200\n# command c200\n${own}`,
    );
    expect(bytesOfParents(path)).toBe(PARENT.length);
  });

  it("begins with all processes that it was forked from", async () => {
    const child = `${head(200, `# forked p.100.log ${PARENT.length} 100`)}200 ${CALL}`;
    const folder = folderWith({
      "p.100.log": PARENT,
      "p.200.log": child,
      "p.300.log": `${head(300, `# forked p.200.log ${child.length} 200`)}300 ${CALL}`,
    });
    const text = await textOf(join(folder, "p.300.log"));
    expect(text?.match(/^(?:300|101) /gm)).toEqual(["300 ", "101 ", "300 ", "300 "]);
    expect(text?.match(/^# (?:pid|forked|command) .*/gm)).toEqual([
      "# pid 300",
      "# command c100",
      "# command c200",
      "# command c300",
    ]);
    expect(bytesOfParents(join(folder, "p.300.log"))).toBe(PARENT.length + child.length);
  });

  it("is read alone where the parent's is missing, too short, elsewhere or no file", async () => {
    const folder = folderWith({
      "p.100.log": PARENT,
      "alone.log": `${head(200, "# forked")}200 ${CALL}`,
      "missing.log": `${head(200, "# forked p.99.log 10 99")}200 ${CALL}`,
      "short.log": `${head(200, `# forked p.100.log ${PARENT.length + 1} 100`)}200 ${CALL}`,
      "elsewhere.log": `${head(200, "# forked ../p.100.log 10 100")}200 ${CALL}`,
      "folder.log": `${head(200, "# forked d 0 100")}200 ${CALL}`,
      "other.log": `# forked p.100.log 10 100\n# pid 200\n200 ${CALL}`,
      "empty.log": "",
    });
    mkdirSync(join(folder, "d"));
    for (const name of ["alone", "missing", "short", "elsewhere", "folder", "other", "empty"]) {
      expect(await textOf(join(folder, `${name}.log`)), name).toBeNull();
      expect(bytesOfParents(join(folder, `${name}.log`)), name).toBe(0);
    }
  });

  it("is read alone where what it names is no log, or no name of a file", async () => {
    const names = ["bytes.bin", "x".repeat(300), "a\0b"];
    const folder = folderWith({
      "bytes.bin": "\x7fELF".repeat(100),
      ...Object.fromEntries(
        names.map((name, i) => [`${i}.log`, `${head(200, `# forked ${name} 8 100`)}200 ${CALL}`]),
      ),
    });
    for (const [i, name] of names.entries()) {
      expect(await textOf(join(folder, `${i}.log`)), name).toBeNull();
      expect(bytesOfParents(join(folder, `${i}.log`)), name).toBe(0);
    }
  });

  it("begins with the last of its forebears, where there are very many", async () => {
    const log = (i: number) => `${head(i, `# forked p.${i - 1}.log 60 ${i - 1}`)}${i} ${CALL}`;
    const folder = folderWith(
      Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`p.${i}.log`, log(i)])),
    );
    const text = await textOf(join(folder, "p.2999.log"));
    expect(text).toMatch(/^# hook mallog 1\n# pid 2999\n# command c2\d{3}\n/);
    expect(text?.match(/malloc/g)?.length).toBe(1);
  });

  it("passes a line on that has no end", async () => {
    const parent = `${head(100)}${"\0".repeat(5 * 2 ** 20)}`;
    const folder = folderWith({
      "p.100.log": parent,
      "p.200.log": `${head(200, `# forked p.100.log ${parent.length} 100`)}200 ${CALL}`,
    });
    const chunks = withParents(join(folder, "p.200.log"));
    const sizes: number[] = [];
    for await (const chunk of chunks ?? []) {
      sizes.push(chunk.length);
    }
    expect(sizes.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(5 * 2 ** 20);
    expect(Math.max(...sizes)).toBeLessThan(3 * 2 ** 20);
  });

  it("ends where logs name each other as parents", async () => {
    const log = (pid: number, parent: string) => `${head(pid, `# forked ${parent} 40 1`)}1 ${CALL}`;
    const folder = folderWith({ "a.log": log(1, "b.log"), "b.log": log(2, "a.log") });
    // Its own call, and those of the other's first 40 bytes
    expect((await textOf(join(folder, "a.log")))?.match(/malloc/g)?.length).toBe(1);
    expect(bytesOfParents(join(folder, "a.log"))).toBe(40);
  });

  it("ends where the reading is aborted", async () => {
    const fork = `# forked p.100.log ${PARENT.length} 100`;
    const folder = folderWith({
      "p.100.log": PARENT,
      "p.200.log": `${head(200, fork)}200 ${CALL}`,
    });
    const chunks = withParents(join(folder, "p.200.log"), AbortSignal.abort());
    await expect(chunks?.next()).rejects.toThrow("abort");
  });
});
