import type { Chance } from "./chance.ts";
import { size } from "./numbers.ts";

/** One log's way of writing lines, made up from what hooks, tracers and loggers print. */
type Layout = (line: NativeLine) => string;

interface NativeLine {
  readonly tid: string;
  /** as in the native format; "": none */
  readonly time: string;
  readonly caller: string;
  readonly call: string;
}

const LINE = /^(\d+) (?:([\d:.]+) )?(?:(\[[^\]]*\]) )?([a-zA-Z_].*)$/;

/** Rewrites the lines of a native log in another layout. Lines that are no calls stay as they are. */
export function relayout(chance: Chance, lines: readonly string[]): string[] {
  const layout = chance.happens(0.15) ? otherFormat(chance) : withColumns(chance);
  return lines.map((line) => {
    const [, tid, time = "", caller = "", call] = LINE.exec(line) ?? [];
    return tid === undefined || call === undefined ? line : layout({ tid, time, caller, call });
  });
}

const TID_FORMS: readonly ((tid: string) => string)[] = [
  (tid) => tid,
  (tid) => tid,
  (tid) => `[${tid}]`,
  (tid) => `tid=${tid}`,
  (tid) => `${tid}:`,
  (tid) => `<${tid}>`,
  (tid) => `[pid ${tid}]`,
  (tid) => `T${tid}`,
  (tid) => String(140_677_413_582_656 + Number(tid) * 4096),
  (tid) => `0x${(140_677_413_582_656 + Number(tid) * 4096).toString(16)}`,
  (tid) => (140_677_413_582_656 + Number(tid) * 4096).toString(16),
  (tid) => `${tid}000000000000000000000`,
];

const TIME_FORMS: readonly ((seconds: number, clock: string) => string)[] = [
  () => "",
  (_, clock) => clock,
  (seconds) => seconds.toFixed(3),
  (seconds) => `[${seconds.toFixed(6)}]`,
  (seconds) => `t=${seconds.toFixed(1)}`,
  (seconds) => String(Math.floor(seconds * 1000)),
  (seconds) => String(1_795_935_946_000 + Math.floor(seconds * 1000)),
  (seconds) => `${1_795_935_946 + Math.floor(seconds)}.${String(seconds % 1).slice(2, 8)}`,
  (seconds) => `${1_795_935_946_000_000 + Math.floor(seconds * 1e6)}`,
  (seconds) => `${1_795_935_946_000_000_000n + BigInt(Math.floor(seconds * 1e6)) * 1000n}`,
  (seconds) => new Date((seconds % 1e9) * 1000).toISOString(),
  (seconds) => new Date((seconds % 1e9) * 1000).toISOString().replace("T", " "),
  (seconds) => `${new Date((seconds % 1e9) * 1000).toISOString().slice(0, -1)}+01:00`,
];

const WORDS = ["[HOOK]", "app", "worker-1", "==42==", "malloc_hook:", "-", "\u0007", "|"];

function withColumns(chance: Chance): Layout {
  const tidForm = chance.pick(TID_FORMS);
  const timeForm = chance.pick(TIME_FORMS);
  const hasCaller = chance.happens(0.7);
  const pid = chance.happens(0.3) ? chance.pick(["4000", "[4000]", "pid=4000", size(chance)]) : "";
  const word = chance.happens(0.2) ? chance.pick(WORDS) : "";
  const order = chance.pick([
    [0, 1, 2, 3],
    [0, 1, 2, 3],
    [2, 0, 1, 3],
    [3, 1, 0, 2],
    [1, 3, 2, 0],
  ]);
  const hasTid = chance.happens(0.85);
  const between = chance.pick([" ", " ", " ", "  ", "\t", ", ", "|"]);
  const spelled = spelling(chance);
  return ({ tid, time, caller, call }) => {
    const columns = [
      pid,
      hasTid ? tidForm(tid) : "",
      time === "" ? "" : timeForm(secondsOf(time), time),
      hasCaller ? caller : "",
    ];
    const fields = [word, ...order.map((at) => columns[at] ?? ""), spelled(call)];
    return fields.filter((field) => field !== "").join(between);
  };
}

/** Seconds of a time of the native format, at least 0. */
function secondsOf(time: string): number {
  return time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** How calls, pointers and results are spelled. */
function spelling(chance: Chance): (call: string) => string {
  const isOdd = chance.happens(0.15);
  const usual = [" = ", "=", " -> ", "\t= "];
  const sign = chance.pick(isOdd ? [" => ", " returned ", " ", " = ptr "] : usual);
  const pointer = chance.pick<(hex: string) => string>([
    (hex) => `0x${hex}`,
    (hex) => `0x${hex}`,
    (hex) => hex,
    (hex) => String(Number(`0x${hex}`)),
    (hex) => `0X${hex.toUpperCase()}`,
    (hex) => `0x${hex.padStart(16, "0")}`,
    (hex) => hex.slice(-8).padStart(8, "0"),
    (hex) => `0x${hex.slice(-8)}`,
  ]);
  const nil = chance.pick(["(nil)", "nil", "NULL", "0", "0x0", "(null)"]);
  const tail = chance.pick(["", "", "", " <0.000012>", " (current 4096)", " # x", " ", ";"]);
  const paren = chance.pick(isOdd ? ["(size=", " [](", "<"] : ["(", "(", " (", "( "]);
  const close = chance.pick(isOdd ? [", ...)", ">", ""] : [")", ")", " )"]);
  const result = chance.pick(["", "", " = <void>", " = 0", " -> void"]);
  return (call) => {
    const spelled = call
      .replace(/\)( = .*)?$/, (_, value?: string) =>
        value === undefined ? `${close}${result}` : `${close}${sign}${value.slice(3)}`,
      )
      .replace(/0x([0-9a-f]{1,16})/g, (_, hex: string) => pointer(hex))
      .replace("(nil)", nil)
      .replace("(", paren);
    return spelled + tail;
  };
}

/** Formats that mallog does not read, or reads in part only: it must say so. */
function otherFormat(chance: Chance): Layout {
  const isResumed = chance.happens(0.3);
  switch (chance.below(4)) {
    case 0:
      return ({ call }) => {
        const [, name = "", args = "", , value = "0"] =
          /^(\w+)\((.*?)\)( = (.*))?$/.exec(call) ?? [];
        return `@ ./a.out:[0x4005f6] ${name === "free" ? `- ${args}` : `+ ${value} 0x${args}`}`;
      };
    case 1:
      return ({ tid, call }) =>
        isResumed
          ? `[pid ${tid}] ${call.replace(/\).*/, " <unfinished ...>")}\n[pid ${tid}] <... ${call.replace(/\(.*\)/, " resumed> )")}`
          : `[pid ${tid}] a.out->${call}`;
    case 2:
      return ({ tid, time, call }) =>
        JSON.stringify({ tid: Number(tid), time, call, s: size(chance) });
    default:
      return ({ tid, time, caller, call }) => [tid, time, caller, `"${call}"`].join(",");
  }
}
