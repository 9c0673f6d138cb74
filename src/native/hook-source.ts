import { readFileSync } from "node:fs";

/** The hook and what attaches it to a running process, as one C source. */
export function hookSource(): string {
  // The relative path is the same from src/native and from dist/node.
  const text = (name: string) =>
    readFileSync(new URL(`../native/${name}`, import.meta.url), "utf8");
  return `${text("hook.c")}\n${text("attach.c")}`;
}
