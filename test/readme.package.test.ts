import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { codeBlocks } from "./support/documents.ts";
import { MALLOG } from "./support/mallog-command.ts";

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
