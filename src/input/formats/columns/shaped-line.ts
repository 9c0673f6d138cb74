import { Op } from "../../../trace/event.ts";
import { type MarkLabels, noteLabel } from "../../../trace/stated/mark-labels.ts";
import { CallLine } from "../native/call-line.ts";
import { isBlank, NativeCursor } from "../native/cursor.ts";
import type { Layout } from "../native/layout.ts";
import type { LineForm } from "../native/line-form.ts";
import type { NamedCallers } from "../native/named-callers.ts";
import { byteTable } from "./bytes.ts";
import { CallReader } from "./call-reader.ts";
import { callAt } from "./call-start.ts";
import { FieldValues } from "./field-values.ts";
import { FieldKind, Fields } from "./fields.ts";
import { LineTemplate } from "./line-template.ts";
import { type FieldPlaces, LineVariants, placesOf } from "./line-variants.ts";
import { formOfTemplates } from "./template-form.ts";

/**
 * Parser of a line that has a call anywhere, with the columns of a `Layout` before and behind it. A line without one of its
 * ids, or with a time that cannot be read, does not match.
 */
export class ShapedLine extends CallLine {
  readonly #layout: Layout;
  readonly #labels: MarkLabels;
  readonly #fields = new Fields();
  readonly #tail = new Fields();
  readonly #variants: LineVariants;
  readonly #template = new LineTemplate();
  readonly #tailTemplate = new LineTemplate();
  #form: LineForm | null = null;
  /** sum of the versions of the templates that the form is of */
  #formVersion = 0;
  readonly #readsTail: boolean;
  readonly #tailPlaces: FieldPlaces;
  /** by the number of fields */
  readonly #tailVariants: FieldPlaces[] = [];
  readonly #cursor: NativeCursor;
  readonly #call = new CallReader();
  readonly #values: FieldValues;

  /** `callers`: those that lines give as text; `labels`: those of marks */
  constructor(layout: Layout, callers: NamedCallers, labels: MarkLabels) {
    super();
    const columns = layout.columns ?? [];
    this.#layout = layout;
    this.#labels = labels;
    this.#cursor = new NativeCursor(layout.pointerBase);
    this.#variants = new LineVariants(columns);
    this.#readsTail = layout.after.some(({ role }) => role !== "other");
    this.#tailPlaces = placesOf(
      layout.after,
      Int8Array.from(layout.after, (_, i) => i),
    );
    this.#values = new FieldValues(this.#cursor, layout, callers);
  }

  override get form(): LineForm | null {
    const version = this.#template.version + this.#tailTemplate.version;
    if (version !== this.#formVersion) {
      this.#formVersion = version;
      this.#form = formOfTemplates(this.#template, this.#tailTemplate, this.#layout);
    }
    return this.#form;
  }

  override countMatches(lines: number): void {
    this.#template.countMatches(lines);
    this.#tailTemplate.countMatches(lines);
  }

  parse(bytes: Buffer, start: number, end: number): boolean {
    this.comment = -1;
    if (!this.#readLine(bytes, start, end)) {
      return false;
    }
    this.pid = this.#values.pid;
    this.tid = this.#values.thread;
    this.time = this.#values.time;
    this.caller = this.#values.caller;
    this.newThread = this.#values.newThread;
    this.op = this.#call.op;
    this.size = this.#call.size;
    this.align = this.#call.align;
    this.pointerIn = this.#call.pointerIn;
    this.pointerOut = this.#call.pointerOut;
    if (this.op === Op.mark) {
      const { labelStart, labelEnd } = this.#call;
      this.align = noteLabel(this.#labels, bytes.subarray(labelStart, labelEnd));
    }
    return true;
  }

  #readLine(bytes: Buffer, start: number, end: number): boolean {
    const fields = this.#fields;
    const template = this.#template;
    const isLikeLast = template.match(bytes, start, fields);
    const like = isLikeLast ? callAt(bytes, template.callStart, end) : null;
    const places = like === null ? this.#findFields(bytes, start, end) : template.places;
    const call = like ?? fields.call;
    if (places === null || call === null) {
      this.#findComment();
      return false;
    }
    this.#values.clear();
    const cursor = this.#cursor;
    cursor.start(bytes, start, end);
    // The caller last: the names of callers are kept, and a torn line must not add any.
    return (
      this.#readFields(fields, places) &&
      this.#call.read(cursor, call, fields) &&
      this.#readTail() &&
      this.#readCaller(fields, places)
    );
  }

  /** Null: the fields are not those of the log. */
  #findFields(bytes: Buffer, start: number, end: number): FieldPlaces | null {
    const fields = this.#fields;
    if (!fields.readToCall(bytes, start, end)) {
      return null;
    }
    const places = this.#variants.find(fields);
    if (places === null || (bytes[firstOf(bytes, start)] === HASH && !this.#layout.hasHash)) {
      return null;
    }
    this.#template.set(bytes, start, fields.callStart, fields, places);
    return places;
  }

  /** What stands before the calls of a log also stands before its comments. */
  #findComment(): void {
    const { comment, fieldsBeforeComment } = this.#fields;
    if (comment >= 0 && this.#variants.begins(this.#fields, fieldsBeforeComment)) {
      this.comment = comment;
    }
  }

  #readFields(
    { starts, ends, kinds, clocks }: Fields,
    { pid, tid, pidTid, time }: FieldPlaces,
  ): boolean {
    const values = this.#values;
    return (
      (pid < 0 || values.readPid(starts[pid]!, ends[pid]!)) &&
      (tid < 0 || values.readTid(starts[tid]!, ends[tid]!)) &&
      (pidTid < 0 || values.readPidTid(starts[pidTid]!, ends[pidTid]!)) &&
      (time < 0 ||
        (kinds[time] === FieldKind.clock
          ? values.readClock(clocks[time]!)
          : values.readTime(starts[time]!, ends[time]!)))
    );
  }

  #readCaller({ starts, ends, kinds }: Fields, { caller }: FieldPlaces): boolean {
    return caller < 0 || this.#values.readCaller(starts[caller]!, ends[caller]!, kinds[caller]!);
  }

  /** What stands behind the result: nothing but closing punctuation, or what the layout has there. */
  #readTail(): boolean {
    const cursor = this.#cursor;
    const { bytes, end } = cursor;
    const begin = cursor.at;
    while (CLOSERS[cursor.peek()] === 1) {
      cursor.at++;
    }
    if (cursor.at === end) {
      return true;
    }
    const isApart = cursor.at > begin || isBlank(bytes[begin - 1]!) || OPENERS[cursor.peek()] === 1;
    if (!this.#layout.hasTail || !isApart) {
      return false;
    }
    return this.#readTailFields(bytes, cursor.at > begin ? firstOf(bytes, begin) : begin, end);
  }

  /** Ids must be there, as before the call. A second call shows that two lines were written at once. */
  #readTailFields(bytes: Buffer, start: number, end: number): boolean {
    const tail = this.#tail;
    const template = this.#tailTemplate;
    const isLikeLast = template.match(bytes, start, tail) && template.callStart === end;
    if (!isLikeLast && tail.readToCall(bytes, start, end)) {
      return false;
    }
    const places = (isLikeLast ? template.places : null) ?? this.#placesInTail(tail.count);
    if (!isLikeLast) {
      template.set(bytes, start, end, tail, places);
    }
    if (!this.#readsTail) {
      return true;
    }
    const { pid, tid, pidTid } = this.#tailPlaces;
    return (
      Math.max(pid, tid, pidTid) < tail.count &&
      this.#readFields(tail, places) &&
      this.#readCaller(tail, places)
    );
  }

  /** Of a line that has so many fields behind its result. */
  #placesInTail(count: number): FieldPlaces {
    const { time, caller, ...ids } = this.#tailPlaces;
    this.#tailVariants[count] ??= {
      ...ids,
      time: time < count ? time : -1,
      caller: caller < count ? caller : -1,
    };
    return this.#tailVariants[count];
  }
}

function firstOf(bytes: Buffer, start: number): number {
  let at = start;
  while (isBlank(bytes[at]!)) {
    at++;
  }
  return at;
}

const CLOSERS = byteTable(" \t.,;:|)]}>\"'`");
const OPENERS = byteTable("([{<\"'`#");
const HASH = 0x23;
