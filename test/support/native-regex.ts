import { endsInsidePointer } from "../../src/input/cut-pointer.ts";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { Op } from "../../src/trace/event.ts";
import { type MarkLabels, noteLabel } from "../../src/trace/stated/mark-labels.ts";
import type { ReadEvent, ReadLog } from "./collect.ts";

/**
 * The native scanner's naive twin: the whole log in memory, one regular expression for each call, straight from the
 * grammar. It is simple and slow, and the scanner must agree with it on any bytes.
 */
export function readByRegex(log: Buffer, maxLineBytes: number): ReadLog {
  const diagnostics = new Diagnostics();
  const { lines } = diagnostics;
  const read: ReadLog = { events: [], notes: [], diagnostics };

  const texts = log.toString("latin1").split("\n");
  // mallog's hook reserves room.
  const padded = texts.pop() ?? "";
  const unterminated = padded.replace(/(?<!\0)\0+$/, "");
  if (unterminated !== "") {
    texts.push(unterminated);
  }
  const before = `${texts.slice(0, -1).join("\n")}\n`;
  for (const [index, whole] of texts.entries()) {
    const line = index + 1;
    const text = whole.replace(/\r$/, "");
    const bytes = Buffer.from(text, "latin1");
    const comment = /^[ \t]*#([\s\S]*)$/.exec(text);
    const names = [...diagnostics.callerNames];
    const labels = new Map(diagnostics.markLabels);
    const event = parseLine(text, names, labels);
    const malformedBefore = lines.malformed;
    const isUnterminated = unterminated !== "" && line === texts.length;
    lines.total++;
    if (whole.length > maxLineBytes) {
      diagnostics.malformed(line, "overlong", bytes, 0, bytes.length);
    } else if (isUnterminated && endsInsidePointer(whole, before)) {
      diagnostics.malformed(line, "unparsable", bytes, 0, bytes.length);
    } else if (event !== undefined) {
      lines.parsed++;
      read.events.push({ ...event, line });
      diagnostics.callerNames.push(...names.slice(diagnostics.callerNames.length));
      for (const [number, label] of labels) {
        diagnostics.markLabels.set(number, label);
      }
    } else if (comment !== null) {
      lines.comments++;
      const noteText = Buffer.from(comment[1] ?? "", "latin1")
        .toString("utf8")
        .trim();
      read.notes.push({ eventsBefore: read.events.length, line, text: noteText });
    } else if (/^[ \t]*$/.test(text)) {
      lines.blank++;
    } else {
      diagnostics.malformed(line, "unparsable", bytes, 0, bytes.length);
    }
    if (isUnterminated && lines.malformed > malformedBefore) {
      diagnostics.truncatedInputs++;
    }
  }
  return read;
}

type Event = Omit<ReadEvent, "line">;
type Groups = Record<string, string | undefined>;

const _ = "[ \\t]*";
const ANYTHING = "[\\s\\S]*";
const POINTER = "(?:\\((?:nil|null)\\)|nil|null|NULL|NIL|(?:0[xX])?[0-9a-fA-F]{1,16})";
const MARKED_POINTER = "(?:\\((?:nil|null)\\)|nil|null|NULL|NIL|0[xX][0-9a-fA-F]{1,16})";
const SIZE = "(?:0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})";
const INTEGER = `-?${SIZE}`;
const SEPARATED = "(?:[ \\t]+|(?=\\[))";
const FRACTION = "(?:\\.(?<fraction>[0-9]+))?";
const TIME = `(?:(?<hours>[0-9]{1,15}):(?<minutes>[0-5][0-9]):(?<seconds>[0-5][0-9]|60)|(?<plain>[0-9]{1,15}))${FRACTION}`;

/** Text up to the first bracket before a blank. */
const NAMED = `\\[${_}(?<name>(?:(?!\\][ \\t])[^ \\t])(?:(?!\\][ \\t])[\\s\\S])*)\\](?=[ \\t])${_}`;

const HEAD = new RegExp(
  `^${_}(?<tid>[0-9]{1,10})${SEPARATED}(?:${TIME}${SEPARATED})?(?:\\[${_}(?<caller>${POINTER})${_}\\]${_}|${NAMED})?(?<call>[^ \\t\\[]${ANYTHING})$`,
);

const size = `(?<size>${SIZE})`;
const count = `(?<count>${SIZE})`;
const align = `(?<align>${SIZE})`;
const pointer = `(?<in>${POINTER})`;
const comma = `${_},${_}`;
const more = "(?:,[^)]*)?";
const equals = `${_}(?:=|->)${_}`;
const result = `${equals}(?<out>${POINTER})`;
const markedResult = `${equals}(?<out>${MARKED_POINTER})`;
const status = `(?:${equals}${INTEGER})?`;
const end = `(?:${equals}(?:<void>|void|${POINTER}))?`;

/** name, arguments, result */
const CALLS: [op: number, call: RegExp][] = [
  call(Op.malloc, "malloc", size, result),
  call(Op.calloc, "calloc", count + comma + size, result),
  call(Op.realloc, "realloc", pointer + comma + size, result),
  call(Op.realloc, "reallocarray", pointer + comma + count + comma + size, result),
  call(Op.memalign, "(?:memalign|aligned_alloc|posix_memalign)", align + comma + size, result),
  call(Op.memalign, "posix_memalign", POINTER + comma + align + comma + size, markedResult),
  call(Op.valloc, "valloc", size, result),
  call(Op.pvalloc, "pvalloc", size, result),
  call(Op.free, "c?free", pointer, end),
  call(Op.mallocTrim, "malloc_trim", size, status),
  call(Op.mallopt, "mallopt", `(?<parameter>${INTEGER})${comma}(?<value>${INTEGER})`, status),
  call(Op.threadExit, "thread_exit", "", ""),
  call(Op.mark, "mark", `(?<label>${ANYTHING}?)`, ""),
  call(Op.malloc, `operator[ \\t]+new${_}(?:\\[\\])?`, size + _ + more, result),
  call(Op.free, `operator[ \\t]+delete${_}(?:\\[\\])?`, pointer + _ + more, end),
  call(Op.malloc, "_Zn[wa]m(?:RKSt9nothrow_t)?", size + _ + more, result),
  call(
    Op.memalign,
    "_Zn[wa]mSt11align_val_t(?:RKSt9nothrow_t)?",
    size + comma + align + _ + more,
    result,
  ),
  call(Op.free, "_Zd[la]Pv(?:m|RKSt9nothrow_t|m?St11align_val_t)?", pointer + _ + more, end),
];

function call(op: number, name: string, inside: string, after: string): [number, RegExp] {
  return [op, new RegExp(`^${name}${_}\\(${_}${inside}${_}\\)${after}${_}$`)];
}

function parseLine(text: string, names: string[], labels: MarkLabels): Event | undefined {
  const head = HEAD.exec(text)?.groups;
  if (head === undefined || Number(head.tid) > 0x7fffffff) {
    return undefined;
  }
  for (const [op, pattern] of CALLS) {
    const match = pattern.exec(head.call ?? "");
    if (match !== null) {
      const groups: Groups = match.groups ?? {};
      return {
        op,
        tid: Number(head.tid),
        time: timeOf(head),
        caller: head.name === undefined ? pointerOf(head.caller) : numberOfText(head.name, names),
        size: Number(groups.count ?? 1) * numberOf(groups.size ?? groups.value),
        align:
          groups.label === undefined
            ? numberOf(groups.align ?? groups.parameter)
            : noteLabel(labels, Buffer.from(groups.label, "latin1")),
        pointerIn: pointerOf(groups.in),
        pointerOut: pointerOf(groups.out),
      };
    }
  }
  return undefined;
}

/** −2, −3, … in order of appearance. */
function numberOfText(latin1: string, names: string[]): number {
  const text = Buffer.from(latin1, "latin1").subarray(0, 256).toString("utf8").trim();
  const known = names.indexOf(text);
  return -2 - (known < 0 ? names.push(text) - 1 : known);
}

function timeOf({ hours, minutes, seconds, plain, fraction = "" }: Groups): number {
  const whole =
    plain === undefined
      ? Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
      : Number(plain);
  return whole * 1_000_000 + Number(fraction.slice(0, 9).padEnd(9, "0")) / 1000;
}

function pointerOf(text = "nil"): number {
  return /nil|null/i.test(text) ? 0 : Number(`0x${text.replace(/^0x/i, "")}`);
}

function numberOf(text = "0"): number {
  return text.startsWith("-") ? 0 - Number(text.slice(1)) : Number(text);
}
