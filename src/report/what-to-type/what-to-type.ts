import type { Report, Scenario } from "../contract/report.ts";
import { type Environment, environmentOf, type Variable } from "./environment.ts";
import { assignment, commandOf } from "./shell-words.ts";
import { intervalOptions, trimLines } from "./trim-lines.ts";
import { IN_ORDER, type TypedLine } from "./typed-line.ts";
import { upgradeLines } from "./upgrade-lines.ts";

/**
 * What one types to run under the settings of a scenario, or to trim a process that runs, target by target. Empty if it is as
 * recorded, or if it needs another machine, or another glibc and settings. A command longer than `longestCommand` is not
 * repeated. Programs that run with more rights than their user, setuid or by file capabilities, ignore such variables
 * (ptmalloc2.md §8).
 */
export function whatToType(
  scenario: Scenario,
  report: Report,
  longestCommand = Number.POSITIVE_INFINITY,
): TypedLine[] {
  const [recorded] = report.scenarios;
  if (recorded !== undefined && isOtherVersion(scenario, recorded)) {
    return upgradeLines(scenario.glibc);
  }
  if (recorded === undefined || !canBeTyped(scenario, recorded)) {
    return [];
  }
  const environment = environmentOf(scenario, recorded, report.recording?.tunables ?? null);
  const stated = commandOf(report.recording?.command ?? null) ?? COMMAND;
  const command = stated.length > longestCommand ? COMMAND : stated;
  const trims = scenario.trim !== recorded.trim;
  const periodMs = trims ? periodOf(scenario) : null;
  const options = periodMs === null ? null : intervalOptions(periodMs, report);
  const lines = [
    ...variableLines(environment, command, report.jvm === undefined ? null : options),
    ...(trims ? trimLines(periodMs, report) : []),
  ];
  return IN_ORDER.flatMap((target) => lines.filter((line) => line.target === target));
}

/** The variables before a command, and the call that trims: what fits on a small button. */
export function briefly(scenario: Scenario, report: Report): string[] {
  const [recorded] = report.scenarios;
  if (recorded === undefined || !canBeTyped(scenario, recorded)) {
    return [];
  }
  const { all, changed } = environmentOf(scenario, recorded, report.recording?.tunables ?? null);
  const variables = changed.length === 0 ? [] : [all.map(assignment).join(" ")];
  const trims = scenario.trim === recorded.trim ? [] : trimLines(periodOf(scenario), report);
  const call =
    report.jvm === undefined
      ? trims.find(({ target }) => target === "code")
      : trims.find(({ target }) => target === "jvm" || target === "shell");
  return call === undefined ? variables : [...variables, call.text];
}

/** Stands for one that is not known. */
const COMMAND = "COMMAND";

function canBeTyped(scenario: Scenario, recorded: Scenario): boolean {
  return (
    scenario !== recorded &&
    scenario.glibc === recorded.glibc &&
    !scenario.name.split(",").some((setting) => setting.startsWith("cpus="))
  );
}

/** True if the scenario has another glibc, and nothing else. */
function isOtherVersion(scenario: Scenario, recorded: Scenario): boolean {
  return scenario.glibc !== recorded.glibc && /^glibc=[^,]+$/.test(scenario.name);
}

/** Milliseconds between two malloc_trims of a scenario; null: one at the end. */
function periodOf({ trim }: Scenario): number | null {
  const seconds = Number(/^([\d.]+)s$/.exec(trim)?.[1] ?? Number.NaN);
  return Number.isNaN(seconds) ? null : Math.max(1, Math.round(seconds * 1000));
}

/** `jvmOptions`: options for a JVM that is started by other programs, which it takes from this variable. */
function variableLines(
  { all, changed }: Environment,
  command: string,
  jvmOptions: string | null,
): TypedLine[] {
  const options: Variable[] = jvmOptions === null ? [] : [["JAVA_TOOL_OPTIONS", jvmOptions]];
  const added = [...changed, ...options];
  if (added.length === 0) {
    return [];
  }
  const started = [...all, ...options].map(assignment);
  return [
    { target: "shell", text: [...started, command].join(" "), note: null },
    { target: "docker", text: `docker run ${dockerOptions(started)} IMAGE`, note: null },
    {
      target: "kubernetes",
      text: `kubectl set env deployment/NAME ${added.map(assignment).join(" ")}`,
      note: null,
    },
    ...added.map(
      (variable): TypedLine => ({
        target: "systemd",
        text: `Environment=${inUnitFile(variable)}`,
        note: "[Service], systemctl edit UNIT",
      }),
    ),
  ];
}

function dockerOptions(started: readonly string[]): string {
  return started.map((one) => `-e ${one}`).join(" ");
}

/** systemd.syntax(7): quoted if it has spaces; "%" begins a specifier. */
function inUnitFile([name, value]: Variable): string {
  const text = `${name}=${value}`.replaceAll("%", "%%");
  return /["'\\\s]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
}
