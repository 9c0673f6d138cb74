import { NativeCursor } from "../native/cursor.ts";
import { NATIVE_LAYOUT } from "../native/layout.ts";
import { NamedCallers } from "../native/named-callers.ts";
import { columnRoles } from "./column-roles.ts";
import { FieldValues } from "./field-values.ts";
import { FieldKind, Fields } from "./fields.ts";
import { columnOf, valuesOf } from "./infer-layout.ts";
import { formOf, LineVariants } from "./line-variants.ts";
import { type Field, fieldsOf } from "./sample-lines.ts";

/** What stands before a record says of it; what is absent, it does not say. */
export interface RecordPlace {
  readonly tid?: number;
  readonly pid?: number;
  /** µs */
  readonly time?: number;
}

/** Longer texts have no columns. */
const MOST_CHARACTERS = 400;

/**
 * Reads pid, tid and time out of what stands before the records of a foreign format, as `ShapedLine` does for calls: the
 * first of these texts show the columns.
 */
export class TextColumns {
  /** the name of the thread that `read` has met first; null: it has none, or is known */
  newThread: string | null = null;
  readonly #fields = new Fields();
  readonly #variants: LineVariants;
  readonly #values: FieldValues;
  readonly #cursor = new NativeCursor(16);
  readonly #hasThreads: boolean;

  constructor(texts: readonly string[]) {
    const samples = texts
      .filter((text) => text.length <= MOST_CHARACTERS)
      .map((text) => this.#sample(text));
    const typical = mostFrequent(samples);
    const values = (typical[0]?.fields ?? []).map((_, at) =>
      typical.flatMap(({ fields }) => fields[at] ?? []),
    );
    const shown = columnRoles(values);
    const columns = shown.map((one, at) => columnOf(one, values[at] ?? []));
    const layout = { ...NATIVE_LAYOUT, columns, ...valuesOf(shown, values) };
    this.#hasThreads = layout.threads !== "none";
    this.#variants = new LineVariants(columns);
    this.#values = new FieldValues(this.#cursor, layout, new NamedCallers([]));
  }

  read(text: string): RecordPlace {
    this.newThread = null;
    const bytes = lineOf(text);
    const { starts, ends, kinds, clocks } = this.#fields;
    this.#fields.readToCall(bytes, 0, bytes.length - 1);
    const places = this.#variants.find(this.#fields);
    if (places === null || this.#fields.count === 0) {
      return {};
    }
    const values = this.#values;
    values.clear();
    this.#cursor.start(bytes, 0, bytes.length - 1);
    const { pid, tid, pidTid, time } = places;
    const hasBoth = pidTid >= 0 && values.readPidTid(starts[pidTid]!, ends[pidTid]!);
    const hasPid = hasBoth || (pid >= 0 && values.readPid(starts[pid]!, ends[pid]!));
    const hasTid = hasBoth || (tid >= 0 && values.readTid(starts[tid]!, ends[tid]!));
    const hasTime =
      time >= 0 &&
      (kinds[time] === FieldKind.clock
        ? values.readClock(clocks[time]!)
        : values.readTime(starts[time]!, ends[time]!));
    this.newThread = values.newThread;
    return {
      ...(hasPid ? { pid: values.pid } : {}),
      ...(hasTid && this.#hasThreads ? { tid: values.tid } : {}),
      ...(hasTime ? { time: values.time } : {}),
    };
  }

  #sample(text: string): { readonly form: number; readonly fields: readonly Field[] } {
    const bytes = lineOf(text);
    this.#fields.readToCall(bytes, 0, bytes.length - 1);
    return {
      form: formOf(this.#fields, this.#fields.count),
      fields: fieldsOf(bytes, this.#fields),
    };
  }
}

function lineOf(text: string): Buffer {
  return Buffer.from(`${text.slice(0, MOST_CHARACTERS)}\n`);
}

function mostFrequent<T extends { readonly form: number }>(samples: readonly T[]): readonly T[] {
  const counts = new Map<number, number>();
  for (const { form } of samples) {
    counts.set(form, (counts.get(form) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return samples.filter(({ form }) => form === most?.[0]);
}
