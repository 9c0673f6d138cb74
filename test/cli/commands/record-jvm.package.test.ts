import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../../src/report/contract/report.ts";
import { canRecord } from "../../support/hooked.ts";
import { MALLOG } from "../../support/mallog-command.ts";

/**
 * The first half of the story that mallog is made for: a JVM that inflates many jars in named threads, in a container, is
 * recorded by one command. The report knows by itself which threads and libraries allocated, what was measured, and whether
 * the process fits.
 */

const LIMIT_BYTES = 256 * 1024 * 1024;
const LOADERS = [0, 1, 2, 3].map((number) => `jar-loader-${number}`);
const JARS = 100;
/** Entries of each jar that are read at the same time. */
const ENTRIES = 4;
/** What zlib's inflateInit2 requests at least: the window. */
const WINDOW_BYTES = 32 * 1024;

/**
 * As in a container: /sys/fs/cgroup shows the limit at its root, of version 1 or 2 of cgroups. It holds for this command
 * alone, in a mount namespace of its own, and limits nothing.
 */
const IN_CONTAINER = `
mount -t tmpfs none /sys/fs/cgroup
mkdir /sys/fs/cgroup/memory
for limit in memory.max memory/memory.limit_in_bytes; do echo ${LIMIT_BYTES} >/sys/fs/cgroup/$limit; done
for usage in memory.current memory/memory.usage_in_bytes; do echo 104857600 >/sys/fs/cgroup/$usage; done
exec "$@"
`;

function inContainer(...argv: readonly string[]): readonly [string, readonly string[]] {
  return ["unshare", ["-rm", "sh", "-ec", IN_CONTAINER, "sh", ...argv]];
}

const hasJava = spawnSync("javac", ["-version"]).status === 0;
const hasNamespaces = spawnSync(...inContainer("true")).status === 0;
const canRun = canRecord && hasJava && hasNamespaces;
const skipped = canRun ? "" : " (skipped: no JDK, no C compiler, or no mount namespaces)";

describe.skipIf(!canRun)(`mallog record -- java, in a container${skipped}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "mallog-jvm-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  let report: Report;
  const byName = (name: string) => report.threads.find((thread) => thread.name === name)!;

  beforeAll(() => {
    const source = fileURLToPath(new URL("../../support/InflateJars.java", import.meta.url));
    execFileSync("javac", ["-d", folder, source], { stdio: "pipe" });
    mkdirSync(join(folder, "jars"));
    const command = ["java", "-cp", ".", "InflateJars", "jars", String(LOADERS.length), `${JARS}`];
    const record = [process.execPath, MALLOG, "record", "-q", "-o", "java.log.gz"];
    const [program, argv] = inContainer(...record, "--no-report", "--", ...command);
    const env = { PATH: process.env.PATH, MALLOG_SAMPLE: "50ms" };
    const { status, stdout, stderr } = spawnSync(program, argv, {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    expect([status, stdout, stderr]).toEqual([0, `${JARS * LOADERS.length} jars\n`, ""]);
    const json = execFileSync(process.execPath, [MALLOG, "-q", "--json", "java.log.gz"], {
      cwd: folder,
      env: { PATH: process.env.PATH },
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    report = JSON.parse(json);
  }, 120_000);

  it("reproduces each pointer", () => {
    expect(report.model?.fidelity.ratio).toBe(1);
    expect(report.trace.lines.malformed).toBe(0);
    expect(report.grade?.level).toBe("reproduced");
  });

  it("names the threads, and shows what each of them has inflated and kept", () => {
    expect(report.threads.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...LOADERS, "java", "VM Thread", "GC Thread#0", "Finalizer"]),
    );
    for (const name of LOADERS) {
      const { liveBytes, arenas } = byName(name);
      expect(liveBytes).toBeGreaterThan(JARS * ENTRIES * WINDOW_BYTES);
      expect(arenas.length).toBeGreaterThan(0);
    }
  });

  it("names the library whose calls hold the memory", () => {
    const [first] = report.callers;
    // The JDK's own zlib is in libzip, the distribution's in libz.
    expect(first?.module).toMatch(/\/lib(z|zip)\.so/);
    expect(first?.calls).toBe(LOADERS.length * JARS * ENTRIES);
    expect(first?.liveBytes).toBeGreaterThanOrEqual(LOADERS.length * JARS * ENTRIES * WINDOW_BYTES);
    const modules = report.callers.map(({ module }) => module?.split("/").at(-1));
    expect(modules).toContain("libjvm.so");
  });

  it("shows measured RSS beside the prediction", () => {
    const { rssSamples = [], error } = report.measured ?? {};
    expect(rssSamples.length).toBeGreaterThan(3);
    // The last sample is of a process at rest; threads write their memory while the others are taken.
    expect(rssSamples.at(-1)?.modelledBytes).toBe(rssSamples.at(-1)?.bytes);
    expect(Math.abs(error?.max ?? 1)).toBeLessThan(0.01);
  });

  it("says whether the process fits its container, without being told the limit and the rest of its RSS", () => {
    const { recording: stated, container, scenarios } = report;
    expect(stated?.limitBytes).toBe(LIMIT_BYTES);
    expect(container?.limitBytes).toBe(LIMIT_BYTES);
    expect(container?.baseRssBytes).toBe(stated?.otherRssBytes);
    expect(container?.baseRssBytes).toBeGreaterThan(20_000_000);
    const [recorded] = container?.scenarios ?? [];
    const peakBytes = container!.baseRssBytes + scenarios[0]!.rss.peakBytes;
    expect(recorded).toMatchObject({ peakBytes, fits: true, killedTime: null });
  });
});
