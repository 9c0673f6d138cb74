import { InputError } from "../input/input-error.ts";
import { SettingRefused } from "../replay/recorded-process.ts";
import { Failure } from "./problems.ts";

/** The pipeline and what its errors mean to the user. Loaded when there is a log to analyse. */
export { readAndReplay } from "../pipeline/read-and-replay.ts";

/** Null: a bug in mallog. */
export function failureOf(error: unknown): Failure | null {
  if (error instanceof InputError) {
    return new Failure(error.problem);
  }
  if (error instanceof SettingRefused) {
    const option = error.scenario === null ? "--recorded-with" : "--what-if";
    return new Failure({ code: "option", option, value: null, reason: error.message });
  }
  return null;
}
