import type { ReadReport } from "../report/read-report.ts";
import type { BudgetResult } from "../report/report.ts";
import {
  type Budget,
  type Limit,
  type Parsed,
  printKey,
  type Refusal,
  unfitLimit,
} from "./budget.ts";
import { type Figure, resolve } from "./keys.ts";

/** A budget with what people wrote beside it. */
export interface NamedBudget {
  readonly budget: Budget;
  /** where it is from, for messages about it */
  readonly place: string;
  readonly name: string | null;
  readonly message: string | null;
  /** growth of up to this many bytes is let pass, whatever the percentage; null for what was typed as a budget */
  readonly minDeltaBytes: number | null;
}

/** What a budget is judged by: the report, and where it is about growth an earlier one. */
export interface Evidence {
  readonly head: ReadReport;
  readonly base: ReadReport | null;
}

/** A result before it is explained. */
export type Judged = Omit<BudgetResult, "explanation" | "command">;

/** Why a budget cannot be judged, and whether that is for the base report. */
export type Unjudged = Refusal & { readonly in: "head" | "base" };

/** Holds a report against a budget. */
export function judge(
  { budget, name, message, minDeltaBytes }: NamedBudget,
  { head, base }: Evidence,
): { readonly ok: Judged } | { readonly error: Unjudged } {
  const { key, operator, limit } = budget;
  const actual = resolve(key, head.json);
  if ("error" in actual) {
    return { error: { ...actual.error, in: "head" } };
  }
  const { value } = actual.ok;
  const reason = unfitLimit(limit, actual.ok.unit);
  if (reason !== null) {
    return { error: { reason: `${printKey(key)}: ${reason}`, in: "head" } };
  }
  // Fields of mallinfo2 are sizes though their names do not tell.
  const unit = limit.unit === "bytes" ? "bytes" : actual.ok.unit;
  let from: Figure | null = null;
  if (limit.isGrowth) {
    const before: Parsed<Figure> =
      base === null
        ? {
            error: { reason: "growth is counted from an earlier report; give one with --baseline" },
          }
        : resolve(key, base.json);
    if ("error" in before) {
      return { error: { ...before.error, in: base === null ? "head" : "base" } };
    }
    from = before.ok;
  }
  const allowed = from === null ? limit.value : from.value + growth(limit, from, minDeltaBytes);
  const result: Judged = {
    key: printKey(key),
    unit,
    operator,
    limit: allowed,
    actual: value,
    base: from?.value ?? null,
    ok: holds(value, operator, allowed),
    name,
    message,
  };
  return { ok: result };
}

/** How much more than in the base is allowed: whole bytes or calls, but of a ratio percentage points. */
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
  }
}
