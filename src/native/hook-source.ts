import { readFileSync } from "node:fs";

/** The hook's C source. The relative path is the same from src/native and from dist/node. */
export function hookSource(): string {
  return readFileSync(new URL("../native/hook.c", import.meta.url), "utf8");
}
