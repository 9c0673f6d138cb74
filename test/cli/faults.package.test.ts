import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENDINGS } from "../../src/report/writers/index.ts";
import { MALLOG } from "../support/mallog-command.ts";
import { newFolder, sharedFolder } from "../support/run-mallog.ts";

/** Every output of mallog as a process, and what can go wrong with it: one line, the documented exit code, no debris. */

let folder: string;
beforeAll(() => {
  folder = sharedFolder();
  const lines = Array.from({ length: 1000 }, (_, i) => `${i + 1} 0.1 malloc(9) = 0x55${i}00\n`);
  writeFileSync(join(folder, "log"), lines.join(""));
  writeFileSync(join(folder, "pinned"), PINNED);
  for (const name of ["base.json", "head.json"]) {
    execFileSync(process.execPath, [MALLOG, "log", "--no-model", "-q", "-o", name], {
      cwd: folder,
    });
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Given {
  readonly cwd?: string;
  readonly stdout?: "pipe" | number;
  readonly stderr?: "pipe" | number;
  readonly env?: Readonly<Record<string, string>>;
  /** a shell's commands before mallog */
  readonly after?: string;
  readonly isNobody?: boolean;
}

function start(argv: readonly string[], given: Given = {}): ChildProcess {
  const { cwd = folder, stdout = "pipe", stderr = "pipe", env = {}, after, isNobody } = given;
  const words = [process.execPath, MALLOG, ...argv];
  const [program = "", ...args] =
    after === undefined ? words : ["sh", "-c", `${after}; exec "$@"`, "sh", ...words];
  return spawn(program, args, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", stdout, stderr],
    ...(isNobody && process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}),
  });
}

async function ended(child: ChildProcess) {
  const [out, err] = await Promise.all([
    child.stdout === null || child.stdout.destroyed ? "" : text(child.stdout),
    child.stderr === null ? "" : text(child.stderr),
    child.exitCode === null ? once(child, "close") : null,
  ]);
  return { code: child.exitCode, out, err };
}

const mallog = (argv: readonly string[], given: Given = {}) => ended(start(argv, given));

/** One line of mallog's own, without a stack trace and without characters that steer a terminal. */
function expectOneLine(err: string, reason: string): void {
  expect(err).toMatch(/^mallog: [^\n]*\n$/);
  expect(err).toContain(reason);
  expect(err).not.toMatch(/[^\P{Cc}\n]|internal error| {4}at /u);
}

const COMMANDS: readonly (readonly string[])[] = [
  ["log", "--no-model"],
  ["log", "--no-model", "--top", "0"],
  ["log", "--glibc", "2.36", "--no-what-if", "--plot"],
  ["log", "--no-model", "--json"],
  ["log", "--no-model", "--ndjson"],
  ["log", "--no-model", "--csv", "--top", "0"],
  ["log", "--no-model", "--plain", "--top", "0"],
  ["check", "log", "--no-model", "--budget", "calls<=9999"],
  ["check", "log", "--no-model", "--budget", "calls<=9999", "--json"],
  ["diff", "base.json", "head.json"],
  ["diff", "base.json", "head.json", "--json"],
  ["schema"],
  ["--help"],
  ["--version"],
];

describe.each(COMMANDS.map((argv) => [argv.join(" "), argv] as const))(
  "standard output of %s",
  (_, argv) => {
    test("a full disk: 3", async () => {
      const { code, err } = await mallog(argv, { stdout: openSync("/dev/full", "w") });
      expect(code).toBe(3);
      expectOneLine(err, "cannot write standard output: no space left on the device");
    });

    test("a reader that is gone, at once or after the first bytes: 0", async () => {
      const atOnce = start(argv);
      atOnce.stdout?.destroy();
      expect(await ended(atOnce)).toEqual({ code: 0, out: "", err: "" });
      const later = start(argv);
      later.stdout?.once("data", () => later.stdout?.destroy());
      const closed = once(later, "close");
      expect(later.stderr === null ? "" : await text(later.stderr)).toBe("");
      await closed;
      expect(later.exitCode).toBe(0);
    });

    test("nobody can read standard error: no effect", async () => {
      const { code, out } = await mallog(argv, { stderr: openSync("/dev/full", "w") });
      expect(code).toBe(0);
      expect(out).not.toBe("");
    });
  },
);

test.each([
  [["nowhere.log"], 3],
  [["--nonsense"], 2],
  [["check", "log", "--no-model", "--budget", "calls<=1", "--json"], 1],
  [["check", "log", "--no-model", "--budget", "calls<=1"], 1],
  [["diff", "base.json", "head.json", "--budget", "calls<=1", "--json"], 1],
])("%j ends with %i, also if standard error is full or closed", async (argv, code) => {
  expect((await mallog(argv, { stderr: openSync("/dev/full", "w") })).code).toBe(code);
  const child = start(argv);
  child.stderr?.destroy();
  child.stdout?.resume();
  await once(child, "close");
  expect(child.exitCode).toBe(code);
});

test.each([
  [["check", "log", "--config", "/dev/zero"], 2, "/dev/zero: is larger than 16 MiB"],
  [["diff", "/dev/zero", "head.json"], 3, "/dev/zero: is larger than 512 MiB"],
])("%j: files without an end are not read without end", async (argv, code, reason) => {
  const { err, ...ended } = await mallog(argv);
  expect(ended).toEqual({ code, out: "" });
  expectOneLine(err, reason);
});

interface FileFault {
  readonly name: string;
  readonly reason: string;
  /** the file to write, below the working folder */
  readonly file: (ending: string) => string;
  /** before mallog starts */
  readonly prepare?: (folder: string, ending: string) => void;
  readonly given?: Given;
}

const FILE_FAULTS: readonly FileFault[] = [
  {
    name: "no such directory",
    reason: "its directory does not exist",
    file: (ending) => `no/r${ending}`,
  },
  {
    name: "a file for a directory",
    reason: "a part of its path is not a directory",
    file: (ending) => `file/r${ending}`,
    prepare: (cwd) => writeFileSync(join(cwd, "file"), ""),
  },
  {
    name: "a directory that this user may not write",
    reason: "permission denied",
    file: (ending) => `r${ending}`,
    prepare: (cwd) => chmodSync(cwd, 0o555),
    given: { isNobody: true },
  },
  {
    name: "a file system without files",
    reason: "no file can be created in its directory",
    file: (ending) => `/proc/r${ending}`,
  },
  {
    name: "a directory",
    reason: "it is a directory",
    file: (ending) => `dir${ending}`,
    prepare: (cwd, ending) => mkdirSync(join(cwd, `dir${ending}`)),
  },
  {
    name: "a name that is too long",
    reason: "its name is too long",
    file: (ending) => `${"n".repeat(255)}${ending}`,
  },
  {
    name: "escapes in the name",
    reason: "cannot write no\\x1b[31m/\\nr",
    file: (ending) => `no\u001b[31m/\nr${ending}`,
  },
  {
    name: "a file that may not grow so far",
    reason: "it exceeds the size that this process may write",
    file: (ending) => `r${ending}`,
    given: { after: "ulimit -f 0" },
  },
  {
    name: "a full device",
    reason: "no space left on the device",
    file: (ending) => `full${ending}`,
    prepare: (cwd, ending) => symlinkSync("/dev/full", join(cwd, `full${ending}`)),
  },
];

/** A freed block of 5000 bytes, below a live one. */
const PINNED = `1 malloc(5000) = 0x5581000002a0
1 malloc(24) = 0x558100001630
1 free(0x5581000002a0)
`;

/** Every fault meets each command; and every writer meets some of the faults, in turn. */
const EVERY_NTH = 3;

describe.each(FILE_FAULTS.map((fault, n) => ({ ...fault, n })))("a file: $name", (fault) => {
  const { reason, file, prepare, given, n } = fault;
  const outputs: [string, string, readonly string[]][] = [
    ...ENDINGS.filter((_, k) => (k + n) % EVERY_NTH === 0).map(
      (ending): [string, string, readonly string[]] => [
        `-o ${ending}`,
        ending,
        // Without a model nothing is pinned, and an empty file fits anywhere.
        ending === ".pinned.folded" ? ["../pinned"] : ["../log", "--no-model"],
      ],
    ),
    ["check -o .json", ".json", ["check", "../log", "--no-model", "--budget", "calls<=1"]],
    ["diff -o .txt", ".txt", ["diff", "../base.json", "../head.json"]],
    ["diff -o .json", ".json", ["diff", "../base.json", "../head.json"]],
  ];

  test.each(outputs)("%s: 3, and nothing is left behind", async (_, ending, argv) => {
    const cwd = join(folder, crypto.randomUUID());
    mkdirSync(cwd);
    prepare?.(cwd, ending);
    const before = readdirSync(cwd, { recursive: true });
    chmodSync(folder, 0o755);
    const { code, out, err } = await mallog([...argv, "-q", "-o", file(ending)], { cwd, ...given });
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expectOneLine(err, reason);
    expect(readdirSync(cwd, { recursive: true })).toEqual(before);
  });
});

test("a device stays a device, and a named pipe gets the report", async () => {
  expect(lstatSync("/dev/full").isCharacterDevice()).toBe(true);
  const pipe = join(newFolder(), "pipe.json");
  execFileSync("mkfifo", [pipe]);
  const reader = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "ignore"] });
  const read = text(reader.stdout);
  expect(await mallog(["log", "--no-model", "-q", "-o", pipe])).toEqual({
    code: 0,
    out: "",
    err: "",
  });
  expect(JSON.parse(await read)).toMatchObject({ complete: true });
  expect(lstatSync(pipe).isFIFO()).toBe(true);
});

test("a signal ends mallog also while a pipe has no reader", async () => {
  const pipe = join(newFolder(), "pipe.json");
  execFileSync("mkfifo", [pipe]);
  const child = start(["log", "--no-model", "-q", "-o", pipe]);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  child.kill("SIGTERM");
  await once(child, "close");
  expect(child.signalCode).toBe("SIGTERM");
});

test("a name of the greatest length can be written", async () => {
  const name = `${"n".repeat(250)}.json`;
  expect(await mallog(["log", "--no-model", "-q", "-o", name])).toEqual({
    code: 0,
    out: "",
    err: "",
  });
  expect(JSON.parse(readFileSync(join(folder, name), "utf8"))).toMatchObject({ complete: true });
});

test("files are written also if the reader of standard output is gone", async () => {
  const child = start(["log", "--no-model", "-o", "kept.json"]);
  child.stdout?.destroy();
  expect(await ended(child)).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(readFileSync(join(folder, "kept.json"), "utf8"))).toMatchObject({
    complete: true,
  });
});

test.each([
  ["base.json/x", "a part of its path is not a directory"],
  ["/dev/full", "no space left on the device"],
  ["no/summary.md", "its directory does not exist"],
])(
  "a job summary that cannot be written, %s: one line, and the budgets decide",
  async (file, reason) => {
    const env = { GITHUB_ACTIONS: "1", GITHUB_STEP_SUMMARY: file };
    const { code, err } = await mallog(["check", "log", "--no-model", "--budget", "calls<=9999"], {
      env,
    });
    expect(code).toBe(0);
    expectOneLine(err, `cannot write the job summary: ${reason}`);
  },
);

test.each([
  [["diff", "-", "head.json"]],
  [["check", "log", "--no-model", "--budget", "live<=+1", "--baseline", "-"]],
  [["check", "log", "--config", "."]],
  [["diff", `${"n".repeat(300)}.json`, "head.json"]],
])("an input that cannot be read, %j: one line", async (argv) => {
  const directory = `exec < .`;
  const { code, out, err } = await mallog(argv, { after: directory });
  expect([2, 3]).toContain(code);
  expect(out).toBe("");
  expectOneLine(err, ":");
});
