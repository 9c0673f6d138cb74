import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { hasAmx } from "../../../src/cli/commands/watch/target-description.ts";
import type { Scenario } from "../../../src/report/contract/report.ts";
import { whatToType } from "../../../src/report/what-to-type/what-to-type.ts";
import { report, scenario } from "../../support/report-builder.ts";

/** The tools take what is to be typed for them. */

const FOLDER = mkdtempSync(join(tmpdir(), "mallog-typed-"));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const SETTINGS = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_X_: `it's "50%" of $HOME`,
  "glibc.malloc.mxfast": "0",
  "glibc.malloc.tcache_count": "7",
};
const TUNABLES = "glibc.malloc.mxfast=0:glibc.malloc.tcache_count=7";
const SET = scenario("settings", { settings: SETTINGS });
const TRIM = scenario("malloc_trim=end", { trim: "end" });

function typed(wanted: string, whatIf: Scenario, command: string | null = null): string[] {
  const recording = { pid: null, command, limitBytes: null, otherRssBytes: null, lostCalls: 0 };
  const given = report({ recording, scenarios: [scenario("as recorded"), whatIf] });
  const lines = whatToType(whatIf, given).filter(({ target }) => target === wanted);
  return lines.map(({ text }) => text);
}

function without(tool: string): boolean {
  return spawnSync("which", [tool]).status !== 0;
}

const sh = (command: string): string =>
  execFileSync("/bin/sh", ["-c", command], { encoding: "utf8" });

it("a shell sets the variables", () => {
  const [command = ""] = typed("shell", SET, "env");
  expect(sh(command).split("\n")).toEqual(
    expect.arrayContaining([
      "MALLOC_ARENA_MAX=1",
      `MALLOC_X_=${SETTINGS.MALLOC_X_}`,
      `GLIBC_TUNABLES=${TUNABLES}`,
    ]),
  );
});

it.skipIf(without("kubectl"))("kubectl sets the variables (skipped without kubectl)", () => {
  const file = join(FOLDER, "deployment.json");
  const containers = [{ name: "c", image: "i" }];
  const template = { metadata: { labels: { a: "b" } }, spec: { containers } };
  const spec = { selector: { matchLabels: { a: "b" } }, template };
  const metadata = { name: "NAME" };
  writeFileSync(
    file,
    JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec }),
  );
  const [command = ""] = typed("kubernetes", SET);
  const out = sh(command.replace("deployment/NAME", `--local -f ${file} -o json`));
  expect(JSON.parse(out).spec.template.spec.containers[0].env).toEqual([
    { name: "MALLOC_ARENA_MAX", value: "1" },
    { name: "MALLOC_X_", value: SETTINGS.MALLOC_X_ },
    { name: "GLIBC_TUNABLES", value: TUNABLES },
  ]);
});

it.skipIf(without("systemd-analyze"))("systemd takes the lines (skipped without it)", () => {
  const file = join(FOLDER, "unit.service");
  const lines = ["[Service]", "Type=oneshot", "ExecStart=/bin/true", ...typed("systemd", SET)];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

/** gdb up to 13 cannot restore the registers of a processor with AMX. */
const canCall = !without("gdb") && (!hasAmx() || !/ 1[0-3]\./.test(sh("gdb --version | head -1")));

it.skipIf(!canCall)("gdb makes a process trim (skipped without gdb, or if it cannot call)", () => {
  const child = spawn("sleep", ["60"]);
  try {
    const [command = ""] = typed("shell", TRIM);
    expect(sh(`${command.replace("PID", `${child.pid}`)} 2>&1`)).toMatch(/^\$1 = [01]$/m);
  } finally {
    child.kill();
  }
});
