import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MALLOG } from "./support/mallog-command.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

test("what the README shows is what mallog prints", () => {
  const readme = readFileSync(`${ROOT}README.md`, "utf8");
  const sample = /^\$ zcat (fixtures\S+) \| mallog\n([\s\S]*?)…\n```/m.exec(readme);
  const [, log = "", shown] = sample ?? [];
  const printed = execFileSync(process.execPath, [MALLOG, log], {
    cwd: ROOT,
    env: { PATH: process.env.PATH },
    encoding: "utf8",
  });
  expect(printed.slice(0, shown?.length)).toBe(shown);
});
