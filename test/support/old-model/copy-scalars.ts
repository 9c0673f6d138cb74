/**
 * Copies all public fields that hold numbers, strings or booleans. Objects, null and #private fields are the caller's
 * work; test/ptmalloc/clone.test.ts fails when one is forgotten.
 */
export function copyScalars<T extends object>(from: T, to: T): void {
  for (const key in from) {
    const value = from[key];
    if (typeof value !== "object" && typeof value !== "function") {
      to[key] = value;
    }
  }
}
