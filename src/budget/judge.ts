import { noiseOf } from "../diff/change.ts";
import { isUnreliable } from "../insight/evidence/grade.ts";
import type { BudgetNoise, BudgetResult } from "../report/contract/report.ts";
import type { ReadReport } from "../report/read-report.ts";
import type { Parsed } from "../report/wording/parsed.ts";
import { type Budget, type Limit, unfitLimit } from "./budget.ts";
import { type BudgetKey, isModelled, printKey } from "./budget-key.ts";
import { type Figure, figureOf } from "./figure.ts";

/** A budget and what mallog.config.json says about it. */
export interface NamedBudget {
  readonly budget: Budget;
  /** where the budget was given, for messages */
  readonly place: string;
  readonly name: string | null;
  readonly message: string | null;
  /** allowed growth in bytes, even if the percentage allows less; null: not set */
  readonly minDeltaBytes: number | null;
}

/** What a budget is judged by: the report, and an earlier one if the budget limits growth. */
export interface Evidence {
  readonly head: ReadReport;
  readonly base: ReadReport | null;
  /** further runs of the base: what differs between them is noise */
  readonly runs: readonly ReadReport[];
  /** figures of the model are judged even where the log does not support them */
  readonly trustsModel: boolean;
}

/** A result without its explanation. */
export type Judged = Omit<BudgetResult, "explanation" | "command">;

/** `in`: the report that lacks the figure */
export interface Unjudged {
  readonly error: string;
  readonly in: "head" | "base";
}

/** Compares a report with a budget. */
export function judge(
  { budget, name, message, minDeltaBytes }: NamedBudget,
  { head, base, runs, trustsModel }: Evidence,
): { readonly ok: Judged } | Unjudged {
  const { key, operator, limit } = budget;
  const isUnjudged =
    !trustsModel &&
    isModelled(key) &&
    (isUnreliable(head.known) ||
      (limit.isGrowth && [base ?? [], runs].flat().some(({ known }) => isUnreliable(known))));
  const actual = figureOf(key, head.json);
  if ("error" in actual) {
    return { ...actual, in: "head" };
  }
  const { value } = actual.ok;
  const reason = unfitLimit(limit, actual.ok.unit);
  if (reason !== null) {
    return { error: `${printKey(key)}: ${reason}`, in: "head" };
  }
  // mallinfo2's fields are sizes, but their names do not say so: a limit typed in bytes decides.
  const unit = limit.unit === "bytes" ? "bytes" : actual.ok.unit;
  let from: Figure | null = null;
  let noise: BudgetNoise | null = null;
  if (limit.isGrowth) {
    const before: Parsed<Figure> =
      base === null
        ? { error: "growth is relative to an earlier report; give one with --baseline" }
        : figureOf(key, base.json);
    if ("error" in before) {
      return { ...before, in: base === null ? "head" : "base" };
    }
    from = before.ok;
    noise = noiseIn(key, value, from.value, runs);
  }
  const allowed = from === null ? limit.value : from.value + growth(limit, from, minDeltaBytes);
  const result: Judged = {
    key: printKey(key),
    unit,
    operator,
    limit: allowed,
    actual: value,
    base: from?.value ?? null,
    ok: !isUnjudged && (holds(value, operator, allowed) || isNoWorse(value, operator, noise)),
    ...(noise === null ? {} : { noise }),
    ...(isUnjudged ? { unreliable: true } : {}),
    name,
    message,
  };
  return { ok: result };
}

/** The figure in the runs that have it; null if no further run has. */
function noiseIn(
  key: BudgetKey,
  actual: number,
  base: number,
  runs: readonly ReadReport[],
): BudgetNoise | null {
  const values = runs.flatMap(({ json }) => {
    const figure = figureOf(key, json);
    return "ok" in figure ? [figure.ok.value] : [];
  });
  return values.length === 0
    ? null
    : { runs: values.length + 1, ...noiseOf([base, ...values], actual) };
}

/** True if a run of the base was as large, or, where growth is demanded, as small. */
function isNoWorse(
  actual: number,
  operator: BudgetResult["operator"],
  noise: BudgetNoise | null,
): boolean {
  return (
    noise !== null && (operator.startsWith("<") ? actual <= noise.most : actual >= noise.least)
  );
}

/** Allowed growth: whole bytes or calls; for a ratio, percentage points. */
function growth(limit: Limit, { value, unit }: Figure, minDeltaBytes: number | null): number {
  if (limit.unit !== "percent" || unit === "ratio") {
    return limit.value;
  }
  const part = Math.round(Math.abs(value) * limit.value);
  return unit === "bytes" && minDeltaBytes !== null ? Math.max(part, minDeltaBytes) : part;
}

export function holds(actual: number, operator: BudgetResult["operator"], limit: number): boolean {
  switch (operator) {
    case "<=":
      return actual <= limit;
    case "<":
      return actual < limit;
    case ">=":
      return actual >= limit;
    case ">":
      return actual > limit;
    default:
      return operator satisfies never;
  }
}
