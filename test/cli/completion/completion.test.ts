import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { WORDS } from "../../../src/cli/completion/completed-command.ts";
import { mallog, newFolder } from "../../support/run-mallog.ts";

const isThere = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0;

/** The words before the one that is completed, that one, and what it can become. */
const CASES: readonly (readonly [line: string, expected: readonly string[]])[] = [
  ["mallog conv", ["convert"]],
  ["mallog an", ["analyze", "analyse"]],
  ["mallog --sor", ["--sort"]],
  ["mallog --sort v", ["volume"]],
  ["mallog analyze --by a", ["arena"]],
  ["mallog convert --to ", ["native", "logalloc", "rep", "csv"]],
  ["mallog convert calls.log --q", ["--quiet"]],
  ["mallog shrink --fr", ["--from"]],
  ["mallog inspect --at p", ["peak"]],
  ["mallog hook --arch a", ["aarch64"]],
  ["mallog schema s", ["sweep"]],
  ["mallog completion ", ["bash", "zsh", "fish"]],
  ["mallog convert -o calls", ["calls.log"]],
  ["mallog calls", ["calls.log"]],
  ["mallog check --conf", ["--config"]],
];

async function scriptFor(shell: string): Promise<string> {
  const folder = newFolder();
  const { code, out } = await mallog(["completion", shell]);
  expect(code).toBe(0);
  writeFileSync(join(folder, "calls.log"), "");
  writeFileSync(join(folder, "script"), out);
  return folder;
}

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");

describe.runIf(isThere("bash"))("mallog completion bash", () => {
  const PROGRAM = `
    source ./script
    read -ra COMP_WORDS <<<"$1"
    [[ $1 == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _mallog
    printf '%s\\n' "\${COMPREPLY[@]}"
    # What -o default adds.
    ((\${#COMPREPLY[@]})) || compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"
  `;

  test.each(CASES)("%s", async (line, expected) => {
    const cwd = await scriptFor("bash");
    const out = execFileSync("bash", ["--norc", "-c", PROGRAM, "bash", line], { cwd });
    expect(linesOf(out.toString()).sort()).toEqual([...expected].sort());
  });

  test("--option=value, which bash takes apart", async () => {
    const cwd = await scriptFor("bash");
    const program = `source ./script
      COMP_WORDS=(mallog convert --to = r) COMP_CWORD=4; _mallog; echo "\${COMPREPLY[@]}"
      COMP_WORDS=(mallog convert --to =) COMP_CWORD=3; _mallog; echo "\${COMPREPLY[@]}"`;
    const out = execFileSync("bash", ["--norc", "-c", program], { cwd });
    expect(out.toString()).toBe("rep\nnative logalloc rep csv\n");
  });
});

describe.runIf(isThere("fish"))("mallog completion fish", () => {
  test.each(CASES)("%s", async (line, expected) => {
    const cwd = await scriptFor("fish");
    const program = "source ./script; complete -C $argv[1]";
    const env = { ...process.env, HOME: cwd };
    const out = execFileSync("fish", ["-N", "-c", program, line], { cwd, env });
    const words = linesOf(out.toString()).map((one) => one.split("\t")[0]);
    expect(words.sort()).toEqual([...expected].sort());
  });
});

describe.runIf(isThere("zsh"))("mallog completion zsh", () => {
  /** Types the line and a tab into a shell, and waits for what must then be shown. */
  const PROGRAM = `
    zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source ./script; echo re''ady"
    zpty -r -m z shown '*ready*' || exit 1
    zpty -w -n z "$1"$'\\t'
    zpty -r -m z shown "$2"
  `;

  // A shell takes a second to begin.
  const some = CASES.filter(([line]) =>
    /^mallog (?:conv|--sort v|convert --to |calls)$/.test(line),
  );

  test.each(some)("%s", async (line, expected) => {
    const cwd = await scriptFor("zsh");
    const [first = "", last = ""] = [expected[0], expected.at(-1)];
    const start = line.slice(line.lastIndexOf(" ") + 1);
    const shown =
      first === last ? first.slice(start.length) : `(${first}*${last}|${last}*${first})`;
    const env = { ...process.env, TERM: "dumb" };
    const { status } = spawnSync("zsh", ["-f", "-c", PROGRAM, "zsh", line, `*${shown}*`], {
      cwd,
      env,
      timeout: 30_000,
    });
    expect(status).toBe(0);
  });
});

test.each(Object.entries(WORDS).flatMap(([option, words]) => words.map((word) => [option, word])))(
  "mallog takes %s %s",
  async (option, word) => {
    const command =
      option === "document" ? ["schema"] : option === "--at" ? ["inspect", option] : [option];
    const { code } = await mallog([
      ...command,
      word ?? "",
      ...(command[0] === "schema" ? [] : ["-"]),
    ]);
    expect(code).not.toBe(2);
  },
);

test("mallog completion refuses other shells", async () => {
  const { code, err } = await mallog(["completion", "tcsh"]);
  expect(err).toContain("Allowed choices are bash, zsh, fish");
  expect(code).toBe(2);
});
