import type { Report, Scenario } from "../../report/contract/report.ts";
import { isOnce } from "../../report/what-to-type/trim-lines.ts";
import { IN_ORDER, type Target, type TypedLine } from "../../report/what-to-type/typed-line.ts";
import { whatToType } from "../../report/what-to-type/what-to-type.ts";
import { MOMENTS, ranked } from "./ranking.ts";

/** Their lines for variables look alike: those of one cure are enough. */
const DEPLOYMENTS: ReadonlySet<Target> = new Set(["docker", "kubernetes", "systemd"]);

/** A longer command would fill the screen. */
const LONGEST_COMMAND = 60;

/**
 * What one types for the cures that the advice names, each line once and as few as possible. JVMs have a sentence of
 * their own (jvm-cure.ts).
 */
export function typedForNamed(report: Report): TypedLine[] {
  const [recorded, ...tried] = report.scenarios;
  if (recorded === undefined) {
    return [];
  }
  const named = MOMENTS.flatMap((moment) => ranked(recorded, tried, moment)[0] ?? []);
  const [first, second] = [...new Set<Scenario>(named)];
  const lines = first === undefined ? [] : whatToType(first, report, LONGEST_COMMAND);
  const isDeployed = lines.some(({ target }) => DEPLOYMENTS.has(target));
  const further = second === undefined ? [] : whatToType(second, report, LONGEST_COMMAND);
  lines.push(
    ...further.filter((line) => !(isDeployed && DEPLOYMENTS.has(line.target)) || isOnce(line)),
  );
  const [inJvm] = lines.filter(({ target }) => target === "jvm");
  return IN_ORDER.flatMap((target) => {
    const texts = new Set<string>();
    return lines.filter((line) => {
      const isWanted = line.target !== "jvm" || (line === inJvm && report.jvm === undefined);
      const isNew = line.target === target && isWanted && !texts.has(line.text);
      texts.add(line.text);
      return isNew;
    });
  });
}
