import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { Parsed } from "../../report/parsed.ts";
import type { Io } from "../io.ts";
import { readErrorReason } from "./system-error.ts";

/** The text of a small file, or why it cannot be read. */
export function readText(file: string, cwd: string): Parsed<string> {
  try {
    return { ok: readFileSync(resolve(cwd, file), "utf8") };
  } catch (error) {
    return { error: readErrorReason(error) };
  }
}

/** As `readText`, but `-` is standard input. */
export async function readTextOrStdin(
  file: string,
  { cwd, stdin }: Pick<Io, "cwd" | "stdin">,
): Promise<Parsed<string>> {
  return file === "-" ? { ok: await text(stdin) } : readText(file, cwd);
}
