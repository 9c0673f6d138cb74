import type { Chance } from "./chance.ts";

/** Values that a report of another version, or of nobody, may have in any place. */
const ODD: readonly unknown[] = [
  null,
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  "",
  "\u001b]0;x\u0007",
  "::error::x",
  "x".repeat(5000),
  "|`<\u001b".repeat(2500),
  [],
  {},
  [null],
  true,
];

/** A JSON report with values replaced or left out, or with bytes that are not JSON. */
export function damagedReport(chance: Chance, text: string): string {
  if (chance.happens(0.1)) {
    return text.slice(0, chance.below(text.length));
  }
  const report: unknown = JSON.parse(text);
  const most = chance.pick([0, 1, 2, 10]);
  for (let i = 0; i < most; i++) {
    damage(chance, report);
  }
  const damaged = JSON.stringify(report);
  return chance.happens(0.1)
    ? damaged.replace(/\d+/g, (digits) => `${digits}e${chance.below(400)}`)
    : damaged;
}

/** Follows keys at random down to some value, and replaces it or leaves it out. */
function damage(chance: Chance, within: unknown): void {
  if (typeof within !== "object" || within === null) {
    return;
  }
  const keys = Object.keys(within);
  if (keys.length === 0) {
    return;
  }
  const key = chance.pick(keys);
  const inner: unknown = Reflect.get(within, key);
  if (typeof inner === "object" && inner !== null && chance.happens(0.85)) {
    damage(chance, inner);
  } else if (chance.happens(0.3)) {
    Reflect.deleteProperty(within, key);
  } else {
    Reflect.set(within, key, chance.pick(ODD));
  }
}
