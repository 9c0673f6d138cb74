import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Chalk } from "chalk";
import { expect, test } from "vitest";
import { DEFAULT_WHAT_IFS } from "../../src/cli/options/model-options.ts";
import { parseScenario } from "../../src/cli/options/parse-settings.ts";
import { present } from "../../src/insight/present.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { writeHtml } from "../../src/report/writers/html.ts";
import { analyse, SHARED_CORPUS } from "../support/corpus.ts";

/** Logs of a JVM, with the default what-ifs: the page is small enough for any mail. */
const LOGS = [
  fileURLToPath(new URL("../../fixtures/jvm/boot.log.gz", import.meta.url)),
  join(SHARED_CORPUS, "jvm-boot-g236/trace.log.gz"),
];
const MAX_BYTES = 2 ** 20;

/** The second log is optional. */
const existing = LOGS.filter((path) => existsSync(path));

test.each(existing)("the page of %s stays below 1 MiB", (path) => {
  const whatIfs = DEFAULT_WHAT_IFS.flatMap((text) => {
    const parsed = parseScenario(text, "2.36");
    return "ok" in parsed ? [parsed.ok] : [];
  });
  const report = analyse(gunzipSync(readFileSync(path)), {
    model: true,
    whatIfs,
    recordedWith: null,
    glibc: "2.36",
    cpus: null,
    hostCpus: 2,
    touch: { fitted: null },
    thp: null,
  });
  expect(report.scenarios.length).toBe(5);
  const options = { top: 10, sort: DEFAULT_SORT, width: 120, chalk: new Chalk({ level: 0 }) };
  const page = writeHtml(present(report), options);
  expect(Buffer.byteLength(page)).toBeGreaterThan(100_000);
  expect(Buffer.byteLength(page)).toBeLessThan(MAX_BYTES);
});
