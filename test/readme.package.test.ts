import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { codeBlocks } from "./support/documents.ts";
import { canRecord } from "./support/hooked.ts";
import { MALLOG, mallogCommand, writeCommand } from "./support/mallog-command.ts";
import { newFolder } from "./support/run-mallog.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

test("the README quotes what mallog prints, in that order", () => {
  const [command = ""] = codeBlocks("README.md", "sh");
  const [, log = ""] = /^npm ci && node bin\/mallog\.js (\S+)\n$/.exec(command) ?? [];
  const printed = execFileSync(process.execPath, [MALLOG, log], {
    cwd: ROOT,
    env: { PATH: process.env.PATH },
    encoding: "utf8",
  });
  let rest = `\n${printed}`;
  const quotes = codeBlocks("README.md", "text");
  expect(quotes.length).toBeGreaterThan(5);
  for (const quote of quotes) {
    const at = rest.indexOf(`\n${quote}`);
    expect(at === -1 ? rest : quote).toBe(quote);
    rest = rest.slice(at + quote.length);
  }
});

const canRun = canRecord && spawnSync("python3", ["--version"]).status === 0;

test.skipIf(!canRun)("the README's second example records a program, each pointer and page", () => {
  const [, example = ""] = codeBlocks("README.md", "sh");
  const folder = newFolder();
  writeCommand(folder, "mallog", `${mallogCommand()} "$@"`);
  const { status, stdout } = spawnSync("sh", ["-c", example], {
    cwd: folder,
    env: { PATH: `${folder}:${process.env.PATH}` },
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^1000000\n/);
  expect(stdout).toMatch(/the model reproduced (\d[\d,]*) of \1 pointers\./);
});
