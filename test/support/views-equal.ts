import { expect } from "vitest";
import { asJson } from "../../src/report/as-json.ts";

/**
 * The threads of a report are views: objects without properties of their own, which would all be equal. They are compared
 * as JSON has them.
 */
expect.addEqualityTesters([
  function viewsEqual(a: unknown, b: unknown): boolean | undefined {
    return isView(a) || isView(b) ? this.equals(asJson(a), asJson(b)) : undefined;
  },
]);

function isView(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.keys(value).length === 0 &&
    !(value instanceof Date) &&
    asJson(value) !== value
  );
}
