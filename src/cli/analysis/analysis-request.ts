import type { GivenShape } from "../../input/formats/columns/given-columns.ts";
import type { LogOptions } from "../../pipeline/analysis-options.ts";
import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import type { Grouping } from "../../report/order/grouping.ts";
import type { ThreadSort } from "../../report/order/sort-threads.ts";
import type { Parsed } from "../../report/wording/parsed.ts";
import {
  DEFAULT_WHAT_IFS,
  type ModelValues,
  type ShapeValues,
  TRIALS,
} from "../options/model-options.ts";
import { accepted } from "../options/option-values.ts";
import { FORMS, type Form, type OutputValues } from "../options/output-options.ts";
import { parseGlibc, parseRecordedWith, parseScenario } from "../options/parse-settings.ts";
import { Failure } from "../problems.ts";

/** An analysis that a user asked for, checked. */
export interface AnalysisRequest {
  readonly inputs: readonly string[];
  /** the last input is read as it grows */
  readonly follows: boolean;
  /** ms between interim reports; null: none */
  readonly everyMs: number | null;
  readonly analysis: LogOptions;
  readonly sort: ThreadSort;
  readonly by: Grouping;
  readonly top: number;
  /** files of --maps */
  readonly maps: readonly string[];
  /** name call sites by the symbols of their files */
  readonly symbols: boolean;
  /** files and folders of --jstack */
  readonly jstack: readonly string[];
  /** files of --observed, each perhaps with its moment */
  readonly observed: readonly string[];
  /** null: not given, so what the log states counts */
  readonly container: { readonly limitBytes: number | null; readonly baseRssBytes: number | null };
  /** paths of the report files */
  readonly outputs: readonly string[];
  /** form of the report on standard output */
  readonly form: "text" | Form;
  readonly plot: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
  readonly color: boolean | null;
}

/** Option values of a command that analyses a log, as commander returns them. */
export interface AnalysisValues extends ModelValues, OutputValues {
  readonly follow?: true;
  readonly verify?: true;
  /** ms */
  readonly every?: number;
}

/** @throws Failure usage, option */
export function analysisRequest(
  inputs: readonly string[],
  values: AnalysisValues,
  hostCpus: number,
): AnalysisRequest {
  if (!values.model && Array.isArray(values.whatIf)) {
    const message = "--what-if cannot be used with --no-model, which replays nothing";
    throw new Failure({ code: "usage", message });
  }
  if (!values.model && values.by === "arena") {
    const message = "--by arena cannot be used with --no-model: arenas are the model's";
    throw new Failure({ code: "usage", message });
  }
  refuseUnfollowable(inputs, values);
  refuseUnmeasurable(values);
  const glibc = accepted("--glibc", values.glibc, parseGlibcOrAuto(values.glibc));
  const { containerLimit: limitBytes = null, baseRss: baseRssBytes = null } = values;
  const recordedWith =
    values.recordedWith === undefined
      ? null
      : accepted("--recorded-with", null, parseRecordedWith(values.recordedWith, glibc));
  return {
    inputs,
    follows: values.follow ?? false,
    everyMs: values.every ?? null,
    analysis: {
      model: values.model,
      countsSites: showsSites(values),
      samples: !printsTextOnly(values),
      explainsWhatIfs: !printsTextOnly(values),
      whatIfs: values.model ? scenarios(values.whatIf ?? DEFAULT_WHAT_IFS, glibc) : [],
      trials: values.model && values.whatIf === undefined ? trials() : [],
      recordedWith,
      glibc,
      cpus: values.cpus ?? null,
      hostCpus,
      // What is fitted between two planes cannot be written.
      touch: values.touch ?? (values.verify ? "facts" : { fitted: values.observedRss ?? null }),
      thp: values.thp ?? null,
      process: values.process ?? null,
      given: givenShape(values),
    },
    sort: values.sort,
    by: values.by,
    top: values.top,
    maps: values.maps ?? [],
    symbols: values.symbols ?? false,
    jstack: values.jstack ?? [],
    observed: values.observed ?? [],
    container: { limitBytes, baseRssBytes },
    outputs: values.output ?? [],
    form: formOf(values),
    plot: values.plot ?? false,
    quiet: values.quiet ?? false,
    progress: values.progress,
    color: values.color ?? null,
  };
}

/** @throws Failure usage */
export function givenShape({ columns, pattern, inputFormat }: ShapeValues): GivenShape | null {
  if (columns !== undefined && pattern !== undefined) {
    const message = "--columns cannot be used with --pattern, whose groups name the columns";
    throw new Failure({ code: "usage", message });
  }
  if (pattern !== undefined) {
    return { kind: "pattern", pattern };
  }
  if (columns !== undefined) {
    return { kind: "columns", columns };
  }
  return inputFormat === undefined ? null : { kind: "format", name: inputFormat };
}

/** Forms of which standard output can hold many: summaries for people, and one report a line. */
export function isRepeatable(form: AnalysisRequest["form"]): boolean {
  return form === "text" || form === "ndjson";
}

function printsTextOnly(values: AnalysisValues): boolean {
  return formOf(values) === "text" && values.output === undefined;
}

function refuseUnfollowable(inputs: readonly string[], values: AnalysisValues): void {
  if (values.follow && (inputs.at(-1) ?? "-") === "-") {
    const message =
      "--follow needs a file; leave it out: standard input is read as it comes, to its end";
    throw new Failure({ code: "usage", message });
  }
  const form = formOf(values);
  if (values.every !== undefined && values.output === undefined && !isRepeatable(form)) {
    const message = `--every has nowhere to put interim reports, as --${form} prints one report; use --ndjson, or add -o FILE`;
    throw new Failure({ code: "usage", message });
  }
}

function refuseUnmeasurable({ verify, follow, every, process, model }: AnalysisValues): void {
  const unusable = [
    [!model, "--no-model"],
    [follow, "--follow"],
    [every !== undefined, "--every"],
    [process === "all", "--process all"],
  ] as const;
  const [option] = unusable.flatMap(([isGiven, name]) => (isGiven ? name : []));
  if (verify && option !== undefined) {
    const message = `--verify cannot be used with ${option}: it replays the whole log of one process`;
    throw new Failure({ code: "usage", message });
  }
}

/**
 * False if all that is asked for is a table of threads in text, and no model: only findings of known patterns would show call
 * sites there, and are not worth the time.
 */
function showsSites(values: AnalysisValues): boolean {
  return (
    values.model ||
    formOf(values) !== "text" ||
    values.by === "caller" ||
    values.by === "size" ||
    values.maps !== undefined ||
    values.symbols === true ||
    values.output !== undefined
  );
}

function formOf(values: OutputValues): AnalysisRequest["form"] {
  return FORMS.find((form) => values[form]) ?? "text";
}

function parseGlibcOrAuto(text: string): Parsed<string> {
  if (text === "auto") {
    return { ok: text };
  }
  const parsed = parseGlibc(text);
  return "ok" in parsed ? parsed : { error: `${parsed.error}, or auto` };
}

/** Some versions lack their settings: those are left out once the log has shown its version. */
function trials(): ScenarioSpec[] {
  return scenarios(TRIALS, "auto").map((spec) => ({ ...spec, trial: true }) as const);
}

/** In the order given, without duplicates. */
function scenarios(texts: readonly string[] | false, glibc: string): ScenarioSpec[] {
  const specs = (texts === false ? [] : texts).map((text) =>
    accepted("--what-if", null, parseScenario(text, glibc)),
  );
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}
