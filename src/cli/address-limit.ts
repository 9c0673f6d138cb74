import { closeSync, openSync, readFileSync } from "node:fs";
import { constants } from "node:os";

/**
 * V8 reserves 10 GB of addresses for each memory of WebAssembly, because its code then needs no bounds checks. Under a limit of
 * addresses (ulimit -v) there is no room for them. Only this option of node's command line makes V8 do without them.
 */
const CHECK_BOUNDS = "--disable-wasm-trap-handler";

/** Signals that a shell or a supervisor sends to end mallog. */
const SENT = ["SIGTERM", "SIGHUP"] as const;
/** Those of keys: a terminal sends them to both processes. A second one would end a run that reports what it has read. */
const TYPED = ["SIGINT", "SIGQUIT"] as const;

/** What `runWithBoundsChecks` needs of the process that it stands for. */
export interface LimitedProcess {
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** True if the addresses of this process are limited, and V8 reserves memory all the same. */
export function needsBoundsChecks({ execArgv }: LimitedProcess): boolean {
  return !execArgv.includes(CHECK_BOUNDS) && isLimited(limits());
}

/** `text` is the content of /proc/self/limits. */
export function isLimited(text: string): boolean {
  const soft = /^Max address space +(\S+)/m.exec(text)?.[1];
  return soft !== undefined && soft !== "unlimited";
}

/** Empty where there is no /proc: the system is not Linux. */
function limits(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    return "";
  }
}

/** Runs the same command with bounds checks. Returns its exit code; 128 and the signal's number, as shells do, if one ended it. */
export async function runWithBoundsChecks(self: LimitedProcess): Promise<number> {
  // Loaded here, as nearly no process needs it.
  const { spawn } = await import("node:child_process");
  const args = [CHECK_BOUNDS, ...self.execArgv, ...self.argv.slice(1)];
  const child = spawn(self.execPath, args, { stdio: "inherit" });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of SENT) {
    self.on(signal, forward);
  }
  for (const signal of TYPED) {
    self.on(signal, hasTerminal() ? () => {} : forward);
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/** True if a terminal controls this process, wherever its streams lead. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
