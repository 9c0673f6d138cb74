import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { Io } from "../io.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EISDIR: "is a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
};

/** The text of a small file, or why it cannot be read. */
export function readText(
  file: string,
  cwd: string,
): { readonly ok: string } | { readonly error: string } {
  try {
    return { ok: readFileSync(resolve(cwd, file), "utf8") };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return { error: REASONS[code] ?? (error instanceof Error ? error.message : String(error)) };
  }
}

/** The same where `-` is standard input. */
export async function readTextOrStdin(
  file: string,
  { cwd, stdin }: Pick<Io, "cwd" | "stdin">,
): Promise<{ readonly ok: string } | { readonly error: string }> {
  return file === "-" ? { ok: await text(stdin) } : readText(file, cwd);
}
