import { copyFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { builtProgram, hostArch } from "../../../native/build-native.ts";
import { BuildError } from "../../../native/compile-native.ts";
import type { HookArch } from "../../../native/hook-arches.ts";
import { HOOK, type NativeProgram, sourceOf } from "../../../native/native-programs.ts";
import { Exit } from "../../exit-codes.ts";
import { replaceFile, temporaryBeside } from "../../files/replace-file.ts";
import { writeErrorReason } from "../../files/system-error.ts";
import type { Io } from "../../io.ts";
import { Failure } from "../../problems.ts";
import { message } from "../../terminal/message.ts";
import { print } from "../../terminal/print.ts";
import { canPreload } from "../record/preloadable.ts";
import type { HookValues } from "./options.ts";

/**
 * Runs `mallog hook`. Returns the exit code.
 * @throws Failure hook, output
 */
export async function writeHook(
  { output, source, arch }: HookValues,
  io: Pick<Io, "stdout" | "stderr" | "host" | "env" | "cwd">,
): Promise<number> {
  if (source && output === undefined) {
    await print(io.stdout, sourceOf(HOOK));
    return Exit.done;
  }
  const built = source ? null : nativeFor(HOOK, arch ?? null, io);
  if (output === undefined) {
    if (built !== null && !canPreload(built)) {
      message(
        io.stderr,
        "LD_PRELOAD cannot name this path, which has a blank or a colon; give another with -o",
      );
    }
    await print(io.stdout, `${built}\n`);
    return Exit.done;
  }
  try {
    writeHookFile(resolve(io.cwd, output), (path) => {
      if (built === null) {
        writeFileSync(path, sourceOf(HOOK));
      } else {
        copyFileSync(built, path);
      }
    });
  } catch (error) {
    throw new Failure({ code: "output", file: output, reason: writeErrorReason(error) });
  }
  return Exit.done;
}

/** Replaces a file, since processes that have it mapped would end if it were written to. Writes to a pipe or a device. */
function writeHookFile(target: string, make: (path: string) => void): void {
  const found = statSync(target, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) {
    make(target);
    return;
  }
  const path = found === undefined ? target : realpathSync(target);
  replaceFile(path, temporaryBeside(path), make);
}

/**
 * The path of the built program; `arch` null: for this machine.
 * @throws Failure hook
 */
export function nativeFor(
  program: NativeProgram,
  arch: HookArch | null,
  { host, env }: Pick<Io, "host" | "env">,
): string {
  try {
    const place = { ...host, env };
    return builtProgram(program, arch ?? hostArch(program, place), place);
  } catch (error) {
    if (error instanceof BuildError) {
      throw new Failure({ code: "hook", reason: error.message });
    }
    throw error;
  }
}
