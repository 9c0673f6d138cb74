import { type BudgetKey, isOfScenario, SHORT_NAMES, shortNameIn } from "./budget-key.ts";
import { member } from "./figure.ts";
import { unknownName } from "./unknown-name.ts";

/**
 * Why no report can have such a figure, by the report's JSON Schema; null if one may. Catches misspelt keys before the
 * log is read; whether a given report has the figure is known only after.
 */
export function refusalBySchema(key: BudgetKey, schema: unknown): string | null {
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
      return unknownName("key", key.path, known);
    }
  }
  return places.some(isNumber) ? null : `${key.path} is not a number`;
}

/** The schema one step below: of a property, of any value of a record, or of an item of a list. */
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

/** The alternatives of a schema, with references resolved. */
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

/** Dotted paths of the numbers, without those in lists. */
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
