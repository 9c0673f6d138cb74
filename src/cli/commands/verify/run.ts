import { DOCUMENT_ENDINGS } from "../../analysis/document.ts";
import { Exit } from "../../exit-codes.ts";
import { outputFiles } from "../../files/output-file.ts";
import type { Analyse, Io } from "../../io.ts";
import { curesAmong } from "../../measuring/cures-among.ts";
import { measureLog } from "../../measuring/measure-log.ts";
import { measuringRequest } from "../../measuring/show-measurements.ts";
import { parseTarget, type Target } from "../../measuring/target.ts";
import { Failure } from "../../problems.ts";
import type { VerifyRequest } from "./options.ts";

/**
 * Runs `mallog verify`. Returns the exit code. `commands`: the names of all commands.
 * @throws Failure, and whatever `analyse` throws
 */
export async function verifyLog(
  { inputs, values }: VerifyRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const loader = loaderOf(values, io.cwd);
  const whatIf = values.whatIf === false ? [] : values.whatIf;
  const request = measuringRequest(inputs, values, whatIf, io.hostCpus);
  const outputs = outputFiles(values.output ?? [], inputs, io.cwd, DOCUMENT_ENDINGS);
  return measureLog(
    {
      request,
      targets: [],
      loader,
      free: false,
      choose: (report) => curesAmong(request, report, false),
      values,
      outputs,
      exitCode: ({ runs }) =>
        runs.some(({ holds }) => holds === false) ? Exit.exceeded : Exit.done,
    },
    io,
    analyse,
    commands,
  );
}

/** The ld.so of `--with glibc=PATH`; null: the machine's own. */
function loaderOf(values: VerifyRequest["values"], cwd: string): string | null {
  const [text, ...more] = values.with ?? [];
  if (text === undefined) {
    return null;
  }
  const target =
    more.length === 0 && text.startsWith("glibc=") ? parseTarget(text, values.glibc, cwd) : null;
  if (target === null || !isPlainGlibc(target)) {
    const message =
      "--with takes one glibc=PATH here; mallog replay measures other settings and allocators";
    throw new Failure({ code: "usage", message });
  }
  return target.loader;
}

function isPlainGlibc(target: Target): target is Target & { kind: "settings" } {
  return target.kind === "settings" && target.loader !== null && target.spec.name === "as recorded";
}
