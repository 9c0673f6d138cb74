import { FieldKind } from "./fields.ts";
import type { Field } from "./sample-lines.ts";

/** A log has fewer threads than this; other texts come in any number. */
const MAX_THREADS = 1024;

/** In so short a log a name need not come back. */
const FEW_LINES = 16;

const LEVELS = /^(?:trace|debug|info|notice|warn|warning|error|fatal|stdout|stderr|utc|f|p)$/i;

/** What names of threads have: a number at their end, or a word that libraries use for them. */
const THREAD_NAME =
  /(?:^|[^a-z])(?:main|gc)(?:$|[^a-z])|thread|worker|pool|exec|loop|timer|[\w)][-_#: ]?\d+$/i;

/** `app.c:12 run()` or `libc.so.6+0x41` */
const PLACE = /:\d+$|\.\w{1,3}:\d+|\(\)|\+0x|\.\w{1,3}$/;

/** True if the texts of a column are the names of threads: at least two, which look like it and come back. */
export function areThreadNames(values: readonly Field[]): boolean {
  const names = new Set(values.map(({ text }) => text));
  const comesBack = names.size * 2 <= values.length || values.length < FEW_LINES;
  if (names.size < 2 || names.size > MAX_THREADS || !comesBack) {
    return false;
  }
  const likely = [...names].filter((name) => THREAD_NAME.test(name)).length;
  return (
    values.every(({ kind }) => kind === FieldKind.text) &&
    likely * 2 > names.size &&
    ![...names].some((name) => LEVELS.test(name) || PLACE.test(name))
  );
}
