import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "../../src/cli/budgets/config-file.ts";
import { CProgram } from "../support/c-program.ts";
import { codeBlocks, documents, readDocument } from "../support/documents.ts";
import { canRecord } from "../support/hooked.ts";
import { mallogCommand, writeCommand } from "../support/mallog-command.ts";
import { expectReportJson } from "../support/report-schema.ts";
import { mallog, sharedFolder } from "../support/run-mallog.ts";

/** Runs the recipes of docs/ci.md for GitHub Actions and GitLab CI, and the examples of the documents and of the help. */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LOG = join(ROOT, "fixtures/jvm/boot.log.gz");

/** The part of the log that has every thread named in the examples; it takes little time to analyse. */
function beginning(): Buffer {
  const lines = gunzipSync(readFileSync(LOG)).toString("latin1").split("\n", 7000);
  return gzipSync(Buffer.from(`${lines.join("\n")}\n`, "latin1"));
}

const GUIDE = "docs/ci.md";
const [config = ""] = codeBlocks(GUIDE, "json");
const [gitHub = "", gitLab = ""] = codeBlocks(GUIDE, "yaml");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
}

/** A checked-out project whose test is a program that allocates, with a mallog that npm has "installed". */
let folder: string;
const program = new CProgram("hook-calls");
const file = (name: string): string => join(folder, name);

function shell(script: string, env: Record<string, string> = {}, cwd = folder) {
  const { status, stdout, stderr } = spawnSync("bash", ["-eo", "pipefail", "-c", script], {
    cwd,
    env: { PATH: `${file("bin")}:${process.env.PATH}`, HOME: folder, ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

beforeAll(() => {
  folder = sharedFolder();
  mkdirSync(file("ci"));
  writeCommand(file("bin"), "mallog", `${mallogCommand()} "$@"`);
  writeCommand(file("bin"), "npm", 'echo "npm $*"; test "$1 $2" = "install --global"');
  writeFileSync(file("beginning.log.gz"), beginning());
  if (canRecord) {
    program.compile("-O1", "-fno-builtin", "-pthread");
    writeFileSync(file("Makefile"), `test:\n\t${program.path} many 30000\n`);
    const base =
      "mallog record --no-report -q -- make test; mallog malloc.log.gz -q -o ci/memory.json";
    expect(shell(base)).toMatchObject({ status: 0, stderr: "" });
  }
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true }));

function budgetIs(budget: string): void {
  for (const name of readdirSync(folder)) {
    if (/^(memory|malloc|summary)\./.test(name)) {
      rmSync(file(name));
    }
  }
  writeFileSync(file("mallog.config.json"), JSON.stringify({ budgets: [{ budget }] }));
}

test("the example shows what mallog prints", () => {
  const [example = ""] = codeBlocks(GUIDE, "console");
  const [, command = "", printed = ""] = /^\$ ([^\n]*)\n(.*)$/s.exec(example) ?? [];
  expect(shell(command, {}, ROOT)).toEqual({ status: 1, stdout: printed, stderr: "" });
});

test("the example of a mallog.config.json is valid", () => {
  const { whatIf, budgets } = parseConfig(config, GUIDE);
  expect(whatIf).toEqual(["MALLOC_ARENA_MAX=1"]);
  expect(budgets.map(({ name }) => name)).toEqual([null, "Memory at the peak"]);
});

const skipped = canRecord ? "" : " (skipped: no C compiler, or no glibc)";

describe.skipIf(!canRecord)(`the recipe for GitHub Actions${skipped}`, () => {
  const steps: Step[] = parse(gitHub).jobs.memory.steps;

  /** Runs the shell steps; after a failure only those with `always()`. `ran` has their exit codes. */
  function job() {
    const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: file("summary.md") };
    const ran: (number | null)[] = [];
    let errors = "";
    for (const { run, if: when } of steps) {
      if (run === undefined || (ran.some((code) => code !== 0) && when !== "always()")) {
        continue;
      }
      const { status, stderr } = shell(run, env);
      ran.push(status);
      errors += stderr;
    }
    return { ran, errors, summary: readFileSync(file("summary.md"), "utf8") };
  }

  test("checks out the project and installs Node before it calls mallog", () => {
    const [checkout, node] = steps.map(({ uses }) => uses?.split("@")[0]);
    expect([checkout, node]).toEqual(["actions/checkout", "actions/setup-node"]);
  });

  test("a kept budget: the job is green, with a summary", () => {
    budgetIs("rss<=30MiB");
    const { ran, errors, summary } = job();
    expect(ran).toEqual([0, 0, 0, 0]);
    expect(errors).toBe("");
    expect(summary).toContain("### 1 budget kept");
    expectReportJson(readFileSync(file("memory.json"), "utf8"));
  });

  test("an exceeded budget: the job is red, with an annotation, and growth is checked nevertheless", () => {
    budgetIs("rss<=3KiB");
    const { ran, errors, summary } = job();
    expect(ran).toEqual([0, 0, 1, 0]);
    expect(errors).toMatch(/^::error title=Memory budget rss::rss is \d+ KiB: /);
    expect(summary).toContain("### 1 of 1 budget not kept");
    expect(summary).toContain("Nothing changed: all figures of the two reports are equal.");
  });
});

describe.skipIf(!canRecord)(`the recipe for GitLab CI${skipped}`, () => {
  const { script, artifacts } = parse(gitLab).memory;
  const job = () => shell(script.join("\n"));
  const files = [...artifacts.paths, ...Object.values<string>(artifacts.reports)];

  test.each([
    ["rss<=30MiB", 0],
    ["rss<=3KiB", 1],
  ])("%s: %i, with all its artifacts", (budget, code) => {
    budgetIs(budget);
    const { status, stderr } = job();
    expect({ status, stderr }).toEqual({ status: code, stderr: "" });
    for (const name of files) {
      expect(readFileSync(file(name), "utf8")).not.toBe("");
    }
    const junit = readFileSync(file(artifacts.reports.junit), "utf8");
    expect(junit).toContain(`tests="2" failures="${code}"`);
  });
});

/** Commands in a document that analyse malloc.log.gz, in code blocks and in the text. */
function commandsIn(path: string): string[] {
  const command = /^mallog malloc\.log\.gz [^`\n]*|(?<=`)mallog malloc\.log\.gz [^`\n]*(?=`)/gm;
  return readDocument(path).match(command) ?? [];
}

describe("examples of the documents and of the help", async () => {
  const examples = [...new Set(documents().flatMap(commandsIn))];
  for (const argv of [["--help"], ["check", "--help"], ["diff", "--help"]]) {
    const { out } = await mallog(argv);
    const [, lines = ""] = /^Examples:\n((?: {2}.*\n)+)/m.exec(out) ?? [];
    examples.push(
      ...lines
        .replace(/\\\n */g, "")
        .trim()
        .split(/\n */),
    );
  }

  beforeAll(() => {
    copyFileSync(file("beginning.log.gz"), file("malloc.log.gz"));
    writeFileSync(file("mallog.config.json"), config);
    const library = "7f92cc000000-7f92cd000000 r-xp 00000000 fd:00 7 /usr/lib/jvm/lib/libjvm.so";
    writeFileSync(file("maps.txt"), `${library}\n`);
    const thread = '"main" #1 prio=5 os_prio=0 tid=0x00007f92c4010800 nid=0x3fd2 runnable [0x0]';
    writeFileSync(file("dump.txt"), `Full thread dump OpenJDK 64-Bit Server VM:\n\n${thread}\n`);
    const observed = join(ROOT, "fixtures/observed");
    for (const name of ["smaps", "smaps.1", "smaps.2"]) {
      copyFileSync(join(observed, "filled.smaps"), file(name));
    }
    copyFileSync(join(observed, "filled.malloc_info.xml"), file("info.xml"));
    const reports = ["base", "head", "base-1", "base-2", "base-3"].map((name) => `-o ${name}.json`);
    expect(shell(`mallog beginning.log.gz -q ${reports.join(" ")}`).status).toBe(0);
  });

  test("the documents and the help have examples", () =>
    expect(examples.length).toBeGreaterThan(20));

  const following = examples.filter((command) => command.includes("--follow"));

  test.each(following)("%s, until it is interrupted", (command) => {
    writeFileSync(file("malloc.log"), gunzipSync(beginning()));
    // timeout sends the signal to its process group as well, but a second one ends mallog without a report.
    const { status, stdout, stderr } = shell(`timeout --foreground -s INT 8 ${command}`);
    // The status is that of timeout.
    expect(status).toBe(124);
    expect(stderr).toMatch(/^mallog: interrupted; [^\n]*\n$/);
    expect(stdout).toMatch(/^Interrupted: all figures cover/m);
  });

  test.each(examples.filter((command) => !following.includes(command)))("%s", (command) => {
    const { status, stdout, stderr } = shell(command);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    if (!/ -q /.test(command)) {
      expect(stdout).not.toBe("");
    }
  });
});
