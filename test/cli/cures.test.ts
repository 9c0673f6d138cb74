import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { mallog, newFolder } from "../support/run-mallog.ts";

const CASE = "../../fixtures/corpus/synth-pow2-calloc-g244/trace.log.gz";
const LOG = gunzipSync(readFileSync(fileURLToPath(new URL(CASE, import.meta.url)))).toString();

/** Writes the log with these comments at its head, and runs mallog on it. */
async function run(comments: readonly string[], ...options: readonly string[]): Promise<string> {
  const path = join(newFolder(), "app.log");
  writeFileSync(path, `${comments.map((comment) => `# ${comment}\n`).join("")}${LOG}`);
  const { out, err, code } = await mallog([path, ...options], reportOfLog("0", null), {});
  expect({ err, code }).toEqual({ err: "", code: 0 });
  return out;
}

async function curesOf(comments: readonly string[], ...options: readonly string[]) {
  const report: Report = JSON.parse(await run(comments, "--json", ...options));
  return report.cures;
}

describe("the cures of a log", () => {
  it("are in the JSON report, with the command that the log states, and all of GLIBC_TUNABLES", async () => {
    const cures = await curesOf(
      ["command app --port 80", "setting GLIBC_TUNABLES=glibc.rtld.nns=8"],
      "--what-if",
      "glibc.malloc.mmap_max=65536,malloc_trim=end",
    );
    expect(cures).toHaveLength(1);
    expect(cures?.[0]).toMatchObject({
      name: "glibc.malloc.mmap_max=65536,malloc_trim=end",
      settings: { "glibc.malloc.mmap_max": "65536", malloc_trim: "end" },
      bestFor: ["end"],
      type: {
        shell:
          "GLIBC_TUNABLES=glibc.rtld.nns=8:glibc.malloc.mmap_max=65536 app --port 80\ngdb -p PID -batch -ex 'call (int)malloc_trim(0)'",
        kubernetes:
          "kubectl set env deployment/NAME GLIBC_TUNABLES=glibc.rtld.nns=8:glibc.malloc.mmap_max=65536",
        systemd:
          "[Service]\nEnvironment=GLIBC_TUNABLES=glibc.rtld.nns=8:glibc.malloc.mmap_max=65536",
        jvm: null,
        code: "malloc_trim(0);",
      },
    });
    expect(cures?.[0]?.end.change).toBeLessThan(0);
  });

  it("follow the process: a JVM is known by its threads", async () => {
    const comments = ["thread 1 VM Thread", `thread ${LOG.split(" ")[0]} VM Thread`];
    const cures = await curesOf(comments, "--what-if", "malloc_trim=end");
    expect(cures?.[0]?.type).toMatchObject({
      shell: "jcmd PID System.trim_native_heap",
      code: null,
    });
  });

  it("are empty where nothing helps, and absent without a model", async () => {
    expect(await curesOf([], "--what-if", "MALLOC_ARENA_MAX=1")).toEqual([]);
    expect(await curesOf([], "--no-what-if")).toEqual([]);
    expect(await curesOf([], "--no-model")).toBeUndefined();
  });

  it("are below the advice on the first screen", async () => {
    const out = await run(["command app --port 80"], "--what-if", "malloc_trim=end");
    expect(out).toContain(
      "\n  shell  gdb -p PID -batch -ex 'call (int)malloc_trim(0)'  (once; gdb 16+)\n",
    );
    expect(out).toContain("\n  code   malloc_trim(0);\nProof: ");
  });
});
