import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Moment } from "../../trace/moment.ts";
import type { ObservedAt, ObservedFile } from "../../trace/stated/observed-memory.ts";
import { readText } from "../files/read-text.ts";
import { accepted } from "../options/option-values.ts";
import { parseMoment } from "../options/parse-moment.ts";
import { Failure } from "../problems.ts";

/** smaps of a process with 65,530 mappings has 50 MB. */
const MAX_BYTES = 256 * 1024 * 1024;

const OPTION = "--observed";

/** The log's end, in whatever case it was typed. */
const END = "END";

/** A file, and when the process was measured. */
interface Named {
  readonly path: string;
  readonly moment: Moment;
  readonly asked: string;
}

/**
 * The files of --observed by their moments, in the order in which these are first given.
 * @throws Failure option
 */
export async function observedFiles(values: readonly string[], cwd: string): Promise<ObservedAt[]> {
  if (values.length === 0) {
    return [];
  }
  const { readObserved } = await import("../../input/side-files/observed/observed-file.ts");
  const byMoment = new Map<string, ObservedAt & { readonly files: ObservedFile[] }>();
  for (const value of values) {
    const { path, moment, asked } = named(value, cwd);
    const text = readText(path, cwd, MAX_BYTES);
    const content = accepted(OPTION, path, "ok" in text ? readObserved(text.ok) : text);
    const key = JSON.stringify(moment);
    const at = byMoment.get(key) ?? { moment, asked, files: [] };
    byMoment.set(key, at);
    const twin = at.files.find((one) => one.content.kind === content.kind);
    if (twin !== undefined) {
      const reason = `is of the same kind and moment as ${twin.source}; add when it was taken, as in ${path}@12.5s`;
      throw new Failure({ code: "option", option: OPTION, value, reason });
    }
    at.files.push({ source: path, content });
  }
  return [...byMoment.values()];
}

/** FILE, or FILE@MOMENT if there is no file of the whole name. */
function named(value: string, cwd: string): Named {
  const at = value.lastIndexOf("@");
  const isWhole = at <= 0 || existsSync(resolve(cwd, value));
  const asked = isWhole ? END : value.slice(at + 1);
  const moment = accepted(OPTION, value, parseMoment(asked));
  return {
    path: isWhole ? value : value.slice(0, at),
    moment,
    asked: moment.kind === "end" ? END : asked,
  };
}
