import type { BudgetKey, Refusal } from "./budget.ts";
import { isOfScenario, member, SHORT_NAMES, shortNameIn } from "./keys.ts";

/**
 * Why no report can have such a figure, by the report's JSON Schema: known before a log is read. Null if one may; whether
 * this one has, only the report shows.
 */
export function refusalBySchema(key: BudgetKey, schema: unknown): Refusal | null {
  if (shortNameIn(key) !== null) {
    return null;
  }
  const root = key.thread !== null ? "ThreadSummary" : isOfScenario(key) ? "Scenario" : "Report";
  let places = variantsOf(member(member(schema, "definitions"), root), schema);
  const known = [
    ...(root === "Report" ? Object.keys(SHORT_NAMES) : []),
    ...numbersOf(places, "", schema),
  ];
  for (const step of key.path.split(".")) {
    places = places.flatMap((place) => variantsOf(childOf(place, step), schema));
    if (places.length === 0) {
      return { reason: `no key ${key.path}`, typed: key.path, known };
    }
  }
  return places.some(isNumber) ? null : { reason: `${key.path} is not a number` };
}

/** What a step leads to: a property, any of a record, or an item of a list. */
function childOf(place: unknown, step: string): unknown {
  const property = member(member(place, "properties"), step);
  if (property !== undefined) {
    return property;
  }
  const items = member(place, "items");
  if (items === undefined) {
    return member(place, "additionalProperties");
  }
  if (step === "length") {
    return { type: "number" };
  }
  return /^\d+$/.test(step) ? items : undefined;
}

/** The schemas that a schema stands for: itself, what it refers to, or each of a choice. */
function variantsOf(place: unknown, schema: unknown): unknown[] {
  const reference = member(place, "$ref");
  if (typeof reference === "string") {
    const name = reference.replace("#/definitions/", "");
    return variantsOf(member(member(schema, "definitions"), name), schema);
  }
  const choice = member(place, "anyOf");
  if (Array.isArray(choice)) {
    return choice.flatMap((one) => variantsOf(one, schema));
  }
  return typeof place === "object" && place !== null ? [place] : [];
}

function isNumber(place: unknown): boolean {
  const type = member(place, "type");
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.includes("number");
}

/** Paths of the numbers, but for those in lists. */
function numbersOf(places: readonly unknown[], before: string, schema: unknown): string[] {
  return places.flatMap((place) => {
    if (isNumber(place)) {
      return [before.slice(0, -1)];
    }
    return Object.entries(Object(member(place, "properties") ?? {})).flatMap(([name, inner]) =>
      numbersOf(variantsOf(inner, schema), `${before}${name}.`, schema),
    );
  });
}
