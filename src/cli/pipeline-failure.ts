import { InputError } from "../input/input-error.ts";
import { SettingRefused } from "../recorded/models.ts";
import { Failure } from "./problems.ts";

/** The failure that an error of the pipeline means to the user; null: a bug in mallog. Loaded like the pipeline: late. */
export function pipelineFailure(error: unknown): Failure | null {
  if (error instanceof InputError) {
    return new Failure(error.problem);
  }
  if (error instanceof SettingRefused) {
    const { scenario: value, message: reason } = error;
    const option = value === null ? "--recorded-with" : "--what-if";
    return new Failure({ code: "option", option, value, reason });
  }
  return null;
}
