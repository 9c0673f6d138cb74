import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeErrorReason } from "../../files/system-error.ts";
import { Failure } from "../../problems.ts";

/** A path that LD_PRELOAD can name. */
export interface Preloadable {
  readonly path: string;
  /** removes the copy, if it is one */
  readonly remove: () => void;
}

/** ld.so separates the paths of LD_PRELOAD by blanks and colons, and has no way to quote them. */
export function canPreload(path: string): boolean {
  return !/[\s:]/.test(path);
}

/**
 * The hook, or a copy of it in a new folder if LD_PRELOAD cannot name its path.
 * @throws Failure hook
 */
export function preloadable(hook: string): Preloadable {
  if (canPreload(hook)) {
    return { path: hook, remove: () => {} };
  }
  const folder = tmpdir();
  if (!canPreload(folder)) {
    const reason = `LD_PRELOAD cannot name ${hook}, nor a file in ${folder}, which have a blank or a colon; set TMPDIR to another folder`;
    throw new Failure({ code: "hook", reason });
  }
  try {
    const copied = mkdtempSync(join(folder, "mallog-"));
    const path = join(copied, "hook.so");
    copyFileSync(hook, path);
    return { path, remove: () => rmSync(copied, { recursive: true, force: true }) };
  } catch (error) {
    const reason = `the hook cannot be copied to ${folder}: ${writeErrorReason(error)}`;
    throw new Failure({ code: "hook", reason });
  }
}
