import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { ShortWordsRefused } from "../../src/pipeline/short-words.ts";
import { comparedFigures } from "../support/compared-figures.ts";
import { reportOfText, shrunkLog } from "../support/shrunk-log.ts";

const FIXTURES = fileURLToPath(new URL("../../fixtures", import.meta.url));

/** Logs of every kind. */
const LOGS = [
  // holes, RSS samples, names of threads, zlib's windows
  "jvm/inflate/java.log.gz",
  // several processes in one log: by pids, by forks, by exec
  "processes/children.log.gz",
  "processes/forks.log.gz",
  "processes/script.log.gz",
  "runs/leak.log.gz",
  "observed/glibc-2.41.log.gz",
  "machines/arm64-align-2.44-qemu64k.log.gz",
  "machines/arm64-realloc-2.36-qemu64k.log.gz",
  "machines/hugetlb-threads-2.43.log.gz",
  "allocators/jemalloc-perl.log.gz",
  "allocators/jemalloc-cut-pointers.log.gz",
  "allocators/valgrind-memcheck.log.gz",
  // one rule of inference each
  "inference/attached-late/trace.log",
  "inference/cut-sizes/trace.log",
  "inference/exits/trace.log",
  "inference/foreign-sbrk/trace.log",
  "inference/glibc-version/trace.log",
  "inference/late-exits/trace.log",
  "inference/order/trace.log",
  "inference/setting-arena-max/trace.log",
  "inference/setting-mmap-threshold/trace.log",
  "inference/setting-tcache-count/trace.log",
];

test.each(LOGS)("%s has the same figures once it is shrunk", async (name) => {
  const file = readFileSync(`${FIXTURES}/${name}`);
  const log = name.endsWith(".gz") ? gunzipSync(file) : file;
  const { text } = await shrunkLog([log]);
  const report = await reportOfText(log);
  expect(comparedFigures(await reportOfText(text))).toEqual(comparedFigures(report));
});

test.each(["i386-one-size", "i386-small", "i386-mixed"])(
  "%s is refused as a 32-bit process's once it is shrunk, too",
  async (name) => {
    const log = gunzipSync(readFileSync(`${FIXTURES}/machines/${name}.log.gz`));
    await expect(reportOfText(log)).rejects.toThrow(ShortWordsRefused);
    const { text } = await shrunkLog([log]);
    await expect(reportOfText(text)).rejects.toThrow(ShortWordsRefused);
  },
);

test("what a log's pointers are stays stated: blocks of another allocator are not modelled", async () => {
  const { text } = await shrunkLog("--7-- malloc(16) = 0x4A40040\n--7-- free(0x4A40040)\n");
  expect((await reportOfText(text)).model).toBeNull();
});
