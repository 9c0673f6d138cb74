import { readdirSync, readFileSync } from "node:fs";

/** There is no such process, or only what its parent has not collected yet. */
export function isGone(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const hasEnded = /^ [ZX]/.test(stat.slice(stat.lastIndexOf(")") + 1));
    // Other threads may outlive the first one.
    return hasEnded && readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch {
    return true;
  }
}
