import type { ScenarioSpec } from "../../../replay/scenario-spec.ts";
import type { Report } from "../../../report/contract/report.ts";
import { DOCUMENT_ENDINGS } from "../../analysis/document.ts";
import { Exit } from "../../exit-codes.ts";
import { outputFiles } from "../../files/output-file.ts";
import type { Analyse, Io } from "../../io.ts";
import { curesAmong } from "../../measuring/cures-among.ts";
import { measureLog } from "../../measuring/measure-log.ts";
import { measuringRequest } from "../../measuring/show-measurements.ts";
import { parseTarget } from "../../measuring/target.ts";
import type { ReplayRequest } from "./options.ts";

/**
 * Runs `mallog replay`. Returns the exit code. `commands`: the names of all commands.
 * @throws Failure, and whatever `analyse` throws
 */
export async function replayLog(
  { inputs, values }: ReplayRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const targets = (values.with ?? []).map((text) => parseTarget(text, values.glibc, io.cwd));
  const given = targets.flatMap((one): ScenarioSpec[] =>
    one.kind === "settings" && one.loader === null ? [one.spec] : [],
  );
  const names = given.map(({ name }) => name);
  const whatIf = names.length === 0 ? undefined : names;
  const request = measuringRequest(inputs, values, whatIf, io.hostCpus);
  const outputs = outputFiles(values.output ?? [], inputs, io.cwd, DOCUMENT_ENDINGS);
  const choose = (report: Report): readonly ScenarioSpec[] =>
    given.length > 0 ? request.analysis.whatIfs : curesAmong(request, report, true);
  return measureLog(
    {
      request,
      targets,
      loader: null,
      free: values.free ?? false,
      choose,
      values,
      outputs,
      exitCode: () => Exit.done,
    },
    io,
    analyse,
    commands,
  );
}
