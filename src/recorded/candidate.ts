import type { ShownSetting } from "../replay/inferred-settings.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { RecordedRun } from "./recorded-run.ts";

/**
 * One glibc version that may have written the log, and the recorded run under its rules. Sibling versions share a run
 * until a call comes that they may treat differently.
 */
export interface Candidate {
  readonly origin: RecordedProcess;
  recorded: RecordedRun;
}

/** Returns the settings that the log's pointers showed, from its beginning on or later. */
export function shownSettings({ origin, recorded }: Candidate): readonly ShownSetting[] {
  return [...origin.shown, ...recorded.guided.witness.settings];
}

/** Returns the recorded process's settings by name, given and shown. */
export function settingsOf(candidate: Candidate): Record<string, string> {
  const settings = { ...candidate.origin.settings };
  for (const { name, value } of shownSettings(candidate)) {
    settings[name] = String(value);
  }
  return settings;
}
