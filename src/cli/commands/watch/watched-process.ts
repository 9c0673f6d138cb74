import {
  chownSync,
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { writeErrorReason } from "../../files/system-error.ts";
import { Failure } from "../../problems.ts";

const END = Buffer.from("\n# end\n");

/** The process has written all of its log. */
export function isEnded(log: string): boolean {
  const file = openSync(log, "r");
  try {
    const last = Buffer.alloc(END.length);
    readSync(file, last, 0, last.length, Math.max(0, fstatSync(file).size - last.length));
    return last.equals(END);
  } finally {
    closeSync(file);
  }
}

/** A folder that the process can read and write, too. */
export interface SharedFolder {
  readonly path: string;
  /** its path as the process sees it */
  readonly inside: string;
  readonly remove: () => void;
}

/**
 * A process in a container sees other files than mallog: it shares a folder in its own /tmp. Any other shares `folder`.
 * @throws Failure notAttached
 */
export function sharedFolder(pid: number, folder: string): SharedFolder {
  const root = `/proc/${pid}/root`;
  try {
    const seesOthers =
      readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync("/proc/self/ns/mnt") ||
      readlinkSync(root) !== "/";
    const path = seesOthers ? mkdtempSync(join(root, "tmp", "mallog-")) : folder;
    const { uid, gid } = statSync(`/proc/${pid}`);
    if (uid !== statSync("/proc/self").uid) {
      chownSync(path, uid, gid);
    }
    return {
      path,
      inside: seesOthers ? path.slice(root.length) : path,
      remove: () => rmSync(path, { recursive: true, force: true }),
    };
  } catch (error) {
    const reason = `no folder can be shared with it: ${writeErrorReason(error)}; try it as root`;
    throw new Failure({ code: "notAttached", pid, reason });
  }
}
