import { describe, expect, it } from "vitest";
import { notThreads, threadsInFile } from "../../../src/input/side-files/thread-files.ts";

const THREAD = '"main" #1 prio=5 os_prio=0 tid=0x00007f8a8c009800 nid=0x3fd6 runnable [0x0]\n';
const DUMP = `Full thread dump OpenJDK 64-Bit Server VM (25.402-b06 mixed mode):\n\n${THREAD}`;

describe("the date of a dump without one is that in the file's name", () => {
  const local = { seconds: Date.UTC(2026, 10, 30, 1, 29, 5) / 1000, isUtc: false };
  it.each([
    ["jstack-20261130-012905.txt", local],
    ["logs/20261130T012905.jstack", local],
    ["dump.2026-11-30_01-29-05.txt", local],
    ["dump.2026-11-30T01:29:05Z.txt", { ...local, isUtc: true }],
    [`dump.${local.seconds}.txt`, { ...local, isUtc: true }],
    [`dump.${local.seconds}123.txt`, { ...local, isUtc: true }],
    ["2026-11-30_01-29-05/dump.txt", null],
    ["dump-20261399-012905.txt", null],
    ["dump3.txt", null],
  ])("%s", (name, date) => {
    expect(threadsInFile(DUMP, name)[0]?.date).toEqual(date);
  });

  it("not if it has its own, or is one of several", () => {
    const dated = threadsInFile(`2026-01-01 00:00:00\n${DUMP}`, "jstack-20261130-012905.txt");
    expect(dated[0]?.date?.seconds).toBe(Date.UTC(2026, 0, 1) / 1000);
    expect(
      threadsInFile(DUMP + DUMP, "jstack-20261130-012905.txt").map(({ date }) => date),
    ).toEqual([null, null]);
  });
});

it("a file with dumps is no listing, whatever its other lines are", () => {
  const found = threadsInFile(`# thread 16342 java\n${DUMP}`, "a");
  expect(found.map(({ kind }) => kind)).toEqual(["dump"]);
});

it("says why a file has no threads", () => {
  expect(threadsInFile("hello\n", "a")).toEqual([]);
  expect(notThreads("")).toBe("is empty");
  expect(notThreads("hello\n")).toMatch(/^is no thread dump/);
  const json = '{\n  "threadDump": {\n';
  const plain =
    '27112\n2026-11-30T01:29:09.212905969Z\n25.0.3+9-LTS\n\n#3 "main" TIMED_WAITING 2026\n';
  for (const text of [json, plain]) {
    expect(threadsInFile(text, "a")).toEqual([]);
    expect(notThreads(text)).toMatch(/^Thread\.dump_to_file writes no ids of native threads/);
  }
});
