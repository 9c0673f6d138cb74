import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { assignment, commandOf, quoted } from "../../../src/report/what-to-type/shell-words.ts";

function words(command: string): string[] {
  const out = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8" });
  return out.split("\0").slice(0, -1);
}

it("a shell reads back what was quoted", () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom(..."ab=$'\"\\`;|&<>()*?~# !{}[]\t") }), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(texts, (given) => {
      expect(words(given.map(quoted).join(" "))).toEqual(given);
    }),
    { numRuns: 50 },
  );
});

it("an assignment quotes the value alone", () => {
  expect(assignment(["A", "1"])).toBe("A=1");
  expect(assignment(["A", ""])).toBe("A=");
  expect(assignment(["A", "x y'z"])).toBe("A='x y'\\''z'");
});

it("a stated command is quoted word by word: nothing in it is an operator", () => {
  expect(commandOf("java -Xmx1g -jar app.jar")).toBe("java -Xmx1g -jar app.jar");
  expect(commandOf("java -cp lib/* Main; rm -rf ~")).toBe("java -cp 'lib/*' 'Main;' rm -rf '~'");
  expect(words(commandOf("app $(id) `id` > /x && y") ?? "")).toEqual([
    "app",
    "$(id)",
    "`id`",
    ">",
    "/x",
    "&&",
    "y",
  ]);
});

it("the script of an interpreter is one word", () => {
  expect(commandOf("/usr/bin/python3.11 -c print(len([n for n in x]))")).toBe(
    "/usr/bin/python3.11 -c 'print(len([n for n in x]))'",
  );
  expect(commandOf("bash -lc exec app --port 80")).toBe("bash -lc 'exec app --port 80'");
  expect(commandOf("ping -c 3 host")).toBe("ping -c 3 host");
  expect(commandOf("perl script.pl")).toBe("perl script.pl");
});

it("is not known if it is not stated, or perhaps cut", () => {
  expect(commandOf(null)).toBeNull();
  expect(commandOf("a".repeat(2047))).toBeNull();
  expect(commandOf("a".repeat(2046))).toHaveLength(2046);
});
