import { readFileSync } from "node:fs";

const TYPES: Readonly<Record<string, string>> = { f64: "f64", bool: "u8", u8: "u8" };

/** The fields of a class of the core, each with the type of the view that reads it: 4 bytes unless TYPES says otherwise. */
export function fieldsOf(file: string, name: string): [string, string][] {
  const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
  const [, body = ""] = source.match(new RegExp(`class ${name} \\{\\n(.*?)\\n\\}`, "s")) ?? [];
  return [...body.matchAll(/^ {2}(\w+): ([\w | ]+);$/gm)].map(([, field, type]) => [
    field!,
    TYPES[type!] ?? "i32",
  ]);
}
