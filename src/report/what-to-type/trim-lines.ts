import type { Report } from "../contract/report.ts";
import {
  has,
  INTERVAL,
  INTERVAL_CHANGE,
  INTERVALS_SINCE,
  PRODUCT_INTERVAL,
  TRIM,
  TRIM_CHANGE,
  TRIMS_SINCE,
  UNLOCK,
} from "../jvm-releases.ts";
import type { TypedLine } from "./typed-line.ts";

type Program = Pick<Report, "jvm" | "recording">;

/** The command of HotSpot's diagnostics. `pid`: 0 stands for all JVMs, as in a container, where it may be any. */
function jcmd(pid: string): string {
  return `jcmd ${pid} System.trim_native_heap`;
}

/** Makes a running process call it, whatever its language; glibc needs no debug symbols for that. */
const GDB = "gdb -p PID -batch -ex 'call (int)malloc_trim(0)'";
/** The notes of commands that act on a process that runs. */
const ONCE = "once";
/** Where a processor has AMX, gdb 13 cannot restore the registers, and its call may end the process; gdb 16 can. */
const ONCE_BY_GDB = "once; gdb 16+";
const CALL = "malloc_trim(0);";
const PYTHON_CALL = 'ctypes.CDLL("libc.so.6").malloc_trim(0)';
const PYTHON = /^(?:\S*\/)?python[\d.]*(?: |$)/;
/** of a trim at the end, for those who want it again and again */
const EVERY_MINUTE = 60_000;

/** One malloc_trim(0), or one every `periodMs`. */
export function trimLines(periodMs: number | null, program: Program): TypedLine[] {
  return [
    ...(periodMs === null ? once(program) : []),
    ...jvmLines(periodMs, program),
    ...(program.jvm === undefined ? [callInCode(periodMs, program)] : []),
  ];
}

function once({ jvm }: Program): TypedLine[] {
  if (jvm === undefined || has(TRIM, jvm.version) === false) {
    return [{ target: "shell", text: GDB, note: ONCE_BY_GDB }];
  }
  const note = ONCE;
  return [
    { target: "shell", text: jcmd("PID"), note },
    { target: "docker", text: `docker exec CONTAINER ${jcmd("0")}`, note },
    { target: "kubernetes", text: `kubectl exec POD -- ${jcmd("0")}`, note },
  ];
}

function jvmLines(periodMs: number | null, program: Program): TypedLine[] {
  if (isOther(program)) {
    return [];
  }
  const version = program.jvm?.version ?? null;
  const lines: TypedLine[] = [];
  if (periodMs === null && has(TRIM, version) !== false) {
    lines.push({ target: "jvm", text: jcmd("PID"), note: since(has(TRIM, version), TRIMS_SINCE) });
  }
  const options = intervalOptions(periodMs ?? EVERY_MINUTE, program);
  if (options !== null) {
    const note = since(has(INTERVAL, version), INTERVALS_SINCE);
    lines.push({ target: "jvm", text: options, note });
  }
  return lines;
}

/** The options of a JVM that trims at intervals; null if it has none, or if the process is no JVM. */
export function intervalOptions(periodMs: number, program: Program): string | null {
  const version = program.jvm?.version ?? null;
  if (isOther(program) || has(INTERVAL, version) === false) {
    return null;
  }
  const option = `-XX:TrimNativeHeapInterval=${periodMs}`;
  return has(PRODUCT_INTERVAL, version) === true ? option : `${UNLOCK} ${option}`;
}

function since(isKnown: boolean | null, releases: string): string | null {
  return isKnown === true ? null : releases.replace(" or newer", "+");
}

/** The log states the process's command, and nothing shows a HotSpot JVM. Without that it may be one. */
function isOther({ jvm, recording }: Program): boolean {
  return jvm === undefined && (recording?.command ?? null) !== null;
}

/** True for a command that acts on a process that runs. */
export function isOnce({ note }: TypedLine): boolean {
  return note === ONCE || note === ONCE_BY_GDB;
}

/** The releases that have what a JVM needs for a malloc_trim, with their sources; null if the process is no JVM. */
export function jdksThatTrim(program: Program): string | null {
  return isOther(program)
    ? null
    : `System.trim_native_heap: ${TRIMS_SINCE} (${TRIM_CHANGE}); TrimNativeHeapInterval: ${INTERVALS_SINCE} (${INTERVAL_CHANGE})`;
}

function callInCode(periodMs: number | null, { recording }: Program): TypedLine {
  const isPython = PYTHON.test(recording?.command ?? "");
  const note = periodMs === null ? null : `every ${periodMs / 1000} s`;
  return { target: "code", text: isPython ? PYTHON_CALL : CALL, note };
}
