/** The report's prose, which may be reworded, and the version. `[]` stands for any index. */
const TEXTS: ReadonlySet<string> = new Set([
  "tool.version",
  "model.fidelity.firstDivergence.expected",
  "model.fidelity.firstDivergence.modelled",
  "findings[].message",
]);

/**
 * Where two reports first differ in more than their prose, with both values; null if they do not. The order of keys
 * counts: equal reports are printed as the same bytes.
 */
export function firstDifference(before: unknown, after: unknown, path = ""): string | null {
  if (Array.isArray(before) && Array.isArray(after)) {
    return differenceOfArrays(before, after, path);
  }
  if (isObject(before) && isObject(after)) {
    return differenceOfObjects(before, after, path);
  }
  return before === after || areTexts(before, after, path) ? null : shown(before, after, path);
}

function differenceOfArrays(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
): string | null {
  for (let i = 0; i < Math.min(before.length, after.length); i++) {
    const difference = firstDifference(before[i], after[i], `${path}[${i}]`);
    if (difference !== null) {
      return difference;
    }
  }
  return before.length === after.length
    ? null
    : shown(before.length, after.length, `${path}.length`);
}

function differenceOfObjects(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  path: string,
): string | null {
  const [keysBefore, keysAfter] = [Object.keys(before), Object.keys(after)];
  for (const [i, key] of keysBefore.entries()) {
    if (key !== keysAfter[i]) {
      return shown(key, keysAfter[i] ?? null, keyAt(path, i));
    }
    const difference = firstDifference(
      before[key],
      after[key],
      path === "" ? key : `${path}.${key}`,
    );
    if (difference !== null) {
      return difference;
    }
  }
  const added = keysAfter[keysBefore.length];
  return added === undefined ? null : shown(null, added, keyAt(path, keysBefore.length));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function areTexts(before: unknown, after: unknown, path: string): boolean {
  return (
    typeof before === "string" &&
    typeof after === "string" &&
    TEXTS.has(path.replace(/\[\d+\]/g, "[]"))
  );
}

function shown(before: unknown, after: unknown, path: string): string {
  const short = (value: unknown) => (JSON.stringify(value) ?? "undefined").slice(0, 60);
  return `${path}: ${short(before)} -> ${short(after)}`;
}

function keyAt(path: string, i: number): string {
  return `key ${i} of ${path || "the report"}`;
}
