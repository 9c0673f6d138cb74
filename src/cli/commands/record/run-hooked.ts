import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { Exit } from "../../exit-codes.ts";
import type { Io } from "../../io.ts";
import { Failure } from "../../problems.ts";
import type { RecordedOrder } from "./options.ts";

export interface Recording {
  /** path of the built hook */
  readonly hook: string;
  /** where each process writes its log */
  readonly folder: string;
  /** the recording and the command end after that time; null: the command ends by itself */
  readonly seconds: number | null;
  /** null: as the environment says */
  readonly order: RecordedOrder | null;
}

/** Time between SIGTERM and SIGKILL for a command that --for ends. */
const GRACE_MS = 5000;

/** The recording ends before the command does, so that the last measurement is of a process at work. */
const LEAD_MS = 100;

const PASSED_ON = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/**
 * Runs a command under the hook, with this process's streams. Returns its exit code, or 128 + the signal that ended it; 0
 * if `seconds` ended it.
 * @throws Failure notStarted
 */
export async function runHooked(
  words: readonly string[],
  { hook, folder, seconds, order }: Recording,
  io: Pick<Io, "env" | "cwd" | "signals" | "stdin">,
): Promise<number> {
  const [command = "", ...rest] = words;
  const child = spawn(command, rest, {
    stdio: "inherit",
    cwd: io.cwd,
    env: {
      ...io.env,
      LD_PRELOAD: [hook, io.env.LD_PRELOAD ?? []].flat().join(":"),
      MALLOG_OUT: join(folder, "malloc.%p.log"),
      ...(seconds === null ? {} : { MALLOG_STOP_AFTER: `${seconds}s` }),
      ...(order === null ? {} : { MALLOG_ORDER: order }),
    },
  });
  const ended = new Promise<number>((done, fail) => {
    child.on("error", (error) => fail(notStarted(command, error)));
    child.on("exit", (code, signal) =>
      done(code ?? 128 + (constants.signals[signal ?? "SIGKILL"] ?? 0)),
    );
  });
  const stop = passOn(child, io);
  let isEndedByUs = false;
  const timers: NodeJS.Timeout[] = [];
  if (seconds !== null) {
    const end = seconds * 1000 + LEAD_MS;
    const kill = (signal: NodeJS.Signals) => () => {
      isEndedByUs = child.kill(signal) || isEndedByUs;
    };
    timers.push(setTimeout(kill("SIGTERM"), end), setTimeout(kill("SIGKILL"), end + GRACE_MS));
  }
  try {
    const status = await ended;
    return isEndedByUs ? Exit.done : status;
  } finally {
    timers.forEach(clearTimeout);
    stop();
  }
}

/** Passes signals on to the command. Returns what ends that. */
function passOn(
  child: ChildProcess,
  { signals, stdin }: Pick<Io, "signals" | "stdin">,
): () => void {
  const listeners = PASSED_ON.map((name) => {
    const listener = () => {
      // From a terminal, the command has got the interrupt itself.
      if (name !== "SIGINT" || !stdin.isTTY) {
        child.kill(name);
      }
    };
    signals.on(name, listener);
    return () => signals.off(name, listener);
  });
  return () => {
    for (const end of listeners) {
      end();
    }
  };
}

function notStarted(command: string, error: Error): Failure {
  const code = "code" in error ? error.code : "";
  const isMissing = code === "ENOENT";
  const reason = isMissing
    ? "no such command"
    : code === "EACCES"
      ? "it cannot be executed: permission denied"
      : error.message;
  return new Failure({ code: "notStarted", command, isMissing, reason });
}
