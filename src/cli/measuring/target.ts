import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { KNOWN_ALLOCATORS, libraryOf } from "../../native-replay/other-allocators.ts";
import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import { AS_RECORDED } from "../../report/contract/report.ts";
import { accepted } from "../options/option-values.ts";
import { parseScenario } from "../options/parse-settings.ts";
import { Failure } from "../problems.ts";

/** A process in which the calls of a log are to be replayed. */
export type Target =
  /** `loader`: ld.so of another glibc; null: of the one that settings are measured under */
  | { readonly kind: "settings"; readonly spec: ScenarioSpec; readonly loader: string | null }
  | { readonly kind: "allocator"; readonly name: string; readonly library: string };

const UNCHANGED: ScenarioSpec = {
  name: AS_RECORDED,
  settings: {},
  trim: "never",
  glibc: null,
  cpus: null,
};

/**
 * The value of --with: settings as --what-if takes them; the name or the library of another allocator; or glibc=PATH of an ld.so,
 * alone or followed by settings. `glibc`: the value of --glibc.
 * @throws Failure option, notReplayed
 */
export function parseTarget(text: string, glibc: string, cwd: string): Target {
  if (KNOWN_ALLOCATORS.includes(text)) {
    const library = libraryOf(text);
    if ("error" in library) {
      throw new Failure({ code: "notReplayed", what: text, reason: library.error });
    }
    return { kind: "allocator", name: text, library: library.ok };
  }
  if (/^[^=,]+\.so[.\d]*$/.test(text)) {
    // Without symbolic links: /proc/PID/maps has it so, where the replayer looks for the library's own data.
    return { kind: "allocator", name: text, library: realpathSync(existingFile(text, cwd)) };
  }
  if (/^[a-z]\w*$/.test(text)) {
    const reason = `no such allocator; give ${KNOWN_ALLOCATORS.join(", ")}, the path of a library, or settings`;
    throw new Failure({ code: "option", option: "--with", value: text, reason });
  }
  const [, path, settings = ""] = /^glibc=([^,]*\/[^,]*)(?:,(.*))?$/.exec(text) ?? [];
  const typed = path === undefined ? text : settings;
  const loader = path === undefined ? null : existingFile(path, cwd);
  if (typed === "" && loader !== null) {
    return { kind: "settings", spec: UNCHANGED, loader };
  }
  const spec = accepted("--with", null, parseScenario(typed, loader === null ? glibc : "auto"));
  if (spec.glibc !== null) {
    const reason = "give the path of its ld.so, as in glibc=/opt/glibc/lib/ld-linux-x86-64.so.2";
    throw new Failure({ code: "option", option: "--with", value: text, reason });
  }
  return { kind: "settings", spec, loader };
}

function existingFile(path: string, cwd: string): string {
  const file = resolve(cwd, path);
  if (!existsSync(file)) {
    throw new Failure({ code: "notReplayed", what: path, reason: "there is no such file" });
  }
  return file;
}
