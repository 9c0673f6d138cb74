/**
 * A small log of five threads, as calls, and the ways in which hooks, loggers and log shippers print such calls: what stands
 * before a call, its spelling, and what stands behind it.
 */

export interface LoggedCall {
  readonly thread: number;
  /** µs since midnight */
  readonly time: number;
  readonly caller: number;
  readonly name: "malloc" | "calloc" | "realloc" | "free" | "posix_memalign";
  readonly size: number;
  readonly pointerIn: number;
  readonly pointerOut: number;
}

/** A place in a line: the text of one line of a log, from its call. */
export type Print = (call: LoggedCall, line: number) => string;

export interface Prefix {
  readonly print: Print;
  /** the lines tell threads apart; false: all calls are of one */
  readonly hasThreads?: false;
  /** least µs that the times tell apart; absent: the lines have none */
  readonly timeUnit?: number;
  readonly hasCaller?: true;
}

const PID = 7110;
const THREADS = 5;
const CALLS = 400;
const EPOCH = 1_796_058_281;
/** µs */
const UPTIME = 8_123_456e6;
const FIRST_TIME = (17 * 3600 + 4 * 60 + 41) * 1e6;

/** Calls of a program that frees what it allocates, but for one block in seven. */
export function loggedCalls(seed = 1): LoggedCall[] {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const live: number[] = [];
  const calls: LoggedCall[] = [];
  let time = FIRST_TIME;
  let next = 0;
  for (let i = 0; i < CALLS; i++) {
    time += 20 + random(900);
    // In turns at first, as a pool starts; then in any order.
    const thread = i < THREADS ? i : random(THREADS);
    const size = 1 + random(3000);
    const caller = 0x7f11_cdda_8000 + 1 + 2 * random(40);
    const address = 0x5581_a2b0_c2a0 + 48 * next;
    const isFree = live.length > 5 && random(7) < 3;
    const pointer =
      isFree || random(9) === 0 ? live.splice(random(live.length + 1), 1)[0] : undefined;
    const call = { thread, time, caller, size };
    if (pointer !== undefined && isFree) {
      calls.push({ ...call, name: "free", size: 0, pointerIn: pointer, pointerOut: 0 });
      continue;
    }
    next++;
    live.push(address);
    const name =
      pointer !== undefined
        ? "realloc"
        : (["malloc", "malloc", "calloc", "posix_memalign"] as const)[random(4)]!;
    calls.push({ ...call, name, pointerIn: pointer ?? 0, pointerOut: address });
  }
  return calls;
}

export const tidOf = ({ thread }: LoggedCall): number => PID + thread;
const hex = (value: number): string => `0x${value.toString(16)}`;
const two = (value: number): string => String(value).padStart(2, "0");

function clock(time: number, digits = 6, point = "."): string {
  const seconds = Math.floor(time / 1e6);
  const fraction =
    digits === 0
      ? ""
      : point +
        String(time % 1e6)
          .padStart(6, "0")
          .padEnd(digits, "0")
          .slice(0, digits);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${fraction}`;
}

/** Time of the shipper: a little after the hook's. */
const shipped = (call: LoggedCall): string => clock(call.time + 137, 9);
/** Seconds since the log's first second, as a date since 1970. */
const since = (time: number): number => time - FIRST_TIME;
const epoch = (time: number): string =>
  `${EPOCH + Math.floor(since(time) / 1e6)}.${String(since(time) % 1e6).padStart(6, "0")}`;
const NAMES = ["main", "GC Thread#0", "pool-1-thread-1", "worker 2", "http-nio-8080-exec-3"];
const nameOf = ({ thread }: LoggedCall): string => NAMES[thread] ?? "";
const DATE = "2026-11-30";

const US = 1;
const MS = 1000;

/** What stands before the call, by what prints it. */
export const PREFIXES: Readonly<Record<string, Prefix>> = {
  nothing: { hasThreads: false, print: () => "" },
  program: { hasThreads: false, print: () => "a.out " },
  "program and colon": { hasThreads: false, print: () => "./a.out: " },
  "program and arrow": { hasThreads: false, print: () => "a.out->" },
  "a hook's tag": { hasThreads: false, print: () => "[HOOK] " },
  "a sign": { hasThreads: false, print: () => "[+] Heap - " },
  "a level": { hasThreads: false, print: (_, line) => (line % 3 === 0 ? "INFO " : "DEBUG ") },
  tid: { print: (call) => `${tidOf(call)} ` },
  "[tid]": { print: (call) => `[${tidOf(call)}] ` },
  "tid:": { print: (call) => `${tidOf(call)}: ` },
  "(tid)": { print: (call) => `(${tidOf(call)}) ` },
  "<tid>": { print: (call) => `<${tidOf(call)}> ` },
  "tid=": { print: (call) => `tid=${tidOf(call)} ` },
  "[tid N]": { print: (call) => `[tid ${tidOf(call)}] ` },
  "[pid N], as tracers print threads": { print: (call) => `[pid ${tidOf(call)}] ` },
  "[pid N] and a return address": {
    hasCaller: true,
    print: (call) => `[pid ${tidOf(call)}] [${hex(call.caller)}] `,
  },
  "a line of the source": {
    hasThreads: false,
    print: (_, line) => `[main.c:${40 + (line % 5)} do_work()] `,
  },
  "Thread N:": { print: (call) => `Thread ${tidOf(call)}: ` },
  "pid tid": { print: (call) => `${PID} ${tidOf(call)} ` },
  "pid:tid": { print: (call) => `${PID}:${tidOf(call)} ` },
  "pid/tid": { print: (call) => `${PID}/${tidOf(call)} ` },
  "pid.tid": { print: (call) => `${PID}.${tidOf(call)} ` },
  "[pid:tid]": { print: (call) => `[${PID}:${tidOf(call)}] ` },
  "[pid.tid]": { print: (call) => `[${PID}.${tidOf(call)}] ` },
  "pid=, tid=": { print: (call) => `pid=${PID}, tid=${tidOf(call)}: ` },
  "program[pid] tid": { print: (call) => `a.out[${PID}] ${tidOf(call)} ` },
  "a line number and tid": { print: (call, line) => `${line + 1} ${tidOf(call)} ` },
  handles: { print: ({ thread }) => `${hex(0x7f5c_859c_b6c0 + thread * 0x80_1000)} ` },
  "decimal handles": { print: ({ thread }) => `${0x7f5c_859c_b6c0 + thread * 0x80_1000} ` },
  "[name]": { print: (call) => `[${nameOf(call)}] ` },
  '"name"': { print: (call) => `"${nameOf(call)}" ` },
  "(name)": { print: (call) => `(${nameOf(call)}) ` },
  "<name>": { print: (call) => `<${nameOf(call)}> ` },
  "[name] tid": { print: (call) => `[${nameOf(call)}] ${tidOf(call)} ` },
  "thread=name": { print: (call) => `thread="${nameOf(call)}" ` },
  "time first": { timeUnit: US, print: (call) => `${clock(call.time)} ${tidOf(call)} ` },
  "[time] [tid]": { timeUnit: US, print: (call) => `[${clock(call.time)}] [${tidOf(call)}] ` },
  "07:05:43,707": { timeUnit: MS, print: (call) => `${clock(call.time, 3, ",")} ${tidOf(call)} ` },
  "07:05:43:707": { timeUnit: MS, print: (call) => `${clock(call.time, 3, ":")} ${tidOf(call)} ` },
  "ISO with T and Z": {
    timeUnit: US,
    print: (call) => `${DATE}T${clock(call.time)}Z ${tidOf(call)} `,
  },
  "ISO with T and offset": {
    timeUnit: US,
    print: (call) => `${DATE}T${clock(call.time)}+01:00 ${tidOf(call)} `,
  },
  "ISO with a blank": {
    timeUnit: MS,
    print: (call) => `${DATE} ${clock(call.time, 3)} ${tidOf(call)} `,
  },
  "ISO with a blank and offset": {
    timeUnit: MS,
    print: (call) => `${DATE} ${clock(call.time, 3)} +0100 ${tidOf(call)} `,
  },
  "[ISO] [tid]": {
    timeUnit: US,
    print: (call) => `[${DATE} ${clock(call.time)}] [${tidOf(call)}] `,
  },
  slashes: { timeUnit: US, print: (call) => `2026/11/30 ${clock(call.time)} ${tidOf(call)} ` },
  "epoch in s": { timeUnit: US, print: (call) => `${epoch(call.time)} ${tidOf(call)} ` },
  "tid, epoch in s": { timeUnit: US, print: (call) => `${tidOf(call)} ${epoch(call.time)} ` },
  "epoch in ms": {
    timeUnit: MS,
    print: (call) => `${EPOCH * 1000 + Math.floor(since(call.time) / 1000)} ${tidOf(call)} `,
  },
  "epoch in µs": {
    timeUnit: US,
    print: (call) => `${EPOCH * 1e6 + since(call.time)} ${tidOf(call)} `,
  },
  "epoch in ns": {
    timeUnit: US,
    print: (call) => `${EPOCH * 1e6 + since(call.time)}000 ${tidOf(call)} `,
  },
  "[tid][epoch]": { timeUnit: US, print: (call) => `[${tidOf(call)}][${epoch(call.time)}] ` },
  "tid=, t=": { timeUnit: US, print: (call) => `tid=${tidOf(call)} t=${epoch(call.time)} ` },
  dmesg: {
    timeUnit: US,
    print: (call) => `[${epoch(call.time).slice(-10).padStart(12)}] ${tidOf(call)} `,
  },
  commas: { timeUnit: US, print: (call) => `${tidOf(call)},${epoch(call.time)},` },
  bars: { timeUnit: US, print: (call) => `${epoch(call.time)}|${PID}|${tidOf(call)}|` },
  tabs: { timeUnit: US, print: (call) => `${epoch(call.time)}\t${tidOf(call)}\t` },
  caller: { hasCaller: true, print: (call) => `[${tidOf(call)}] ${hex(call.caller)} ` },
  "[caller]": {
    hasCaller: true,
    timeUnit: US,
    print: (call) => `${clock(call.time)} ${tidOf(call)} [${hex(call.caller)}] `,
  },
  log4j: {
    timeUnit: MS,
    print: (call) => `${DATE} ${clock(call.time, 3, ",")} [${nameOf(call)}] DEBUG c.e.Heap - `,
  },
  glog: {
    timeUnit: US,
    print: (call) => `I1130 ${clock(call.time)} ${String(tidOf(call)).padStart(7)} heap.cc:12] `,
  },
  logcat: {
    timeUnit: MS,
    print: (call) => `11-30 ${clock(call.time, 3)}  ${PID}  ${tidOf(call)} I malloc: `,
  },
  apache: {
    timeUnit: US,
    print: (call) =>
      `[Mon Nov 30 ${clock(call.time)} 2026] [app:info] [pid ${PID}:tid ${tidOf(call)}] `,
  },
  ftrace: {
    timeUnit: US,
    print: (call) => `a.out-${tidOf(call)}  [00${call.thread % 4}] .... ${epoch(call.time)}: `,
  },
  CRI: {
    timeUnit: US,
    print: (call) => `${DATE}T${shipped(call)}Z stdout F ${tidOf(call)} ${epoch(call.time)} `,
  },
  "CRI of a hook without time": {
    timeUnit: 1000,
    print: (call) => `${DATE}T${clock(call.time, 9)}Z stdout F ${tidOf(call)} `,
  },
  "docker logs -t": {
    timeUnit: US,
    print: (call) => `${DATE}T${shipped(call)}Z ${tidOf(call)} ${clock(call.time)} `,
  },
  "syslog, old": {
    timeUnit: US,
    print: (call) =>
      `Nov 30 ${clock(call.time, 0)} host a.out[${PID}]: ${tidOf(call)} ${epoch(call.time)} `,
  },
  "syslog, old, with its time only": {
    timeUnit: 1e6,
    print: (call) => `Nov  3 ${clock(call.time, 0)} host a.out[${PID}]: [${tidOf(call)}] `,
  },
  "syslog's wire, old": {
    timeUnit: 1e6,
    print: (call) => `<13>Nov 30 ${clock(call.time, 0)} host a.out[${PID}]: ${tidOf(call)} `,
  },
  "syslog's wire, new": {
    timeUnit: US,
    print: (call) => `<134>1 ${DATE}T${clock(call.time)}Z host a.out ${PID} - - ${tidOf(call)} `,
  },
  "journalctl -o short-iso": {
    timeUnit: 1e6,
    print: (call) => `${DATE}T${clock(call.time, 0)}+0100 host a.out[${PID}]: ${tidOf(call)} `,
  },
  "journalctl -o short-unix": {
    timeUnit: US,
    print: (call) => `${epoch(call.time)} host a.out[${PID}]: ${tidOf(call)} `,
  },
  "@[tid]": { print: (call) => `@[${tidOf(call)}] ` },
  "!!!": { hasThreads: false, print: () => "!!! " },
  "a depth": { hasThreads: false, print: (_, line) => `${[0, 1, 1, 2, 0, 3][line % 6]} ` },
  "a number of the line": { hasThreads: false, print: (_, line) => `${line + 1}: ` },
  "#n tid": { print: (call, line) => `#${line + 1} ${tidOf(call)} ` },
  "# clock tid": { timeUnit: 1, print: (call) => `# ${clock(call.time)} ${tidOf(call)} ` },
  "ppid pid tid": { print: (call) => `${PID - 40} ${PID} ${tidOf(call)} ` },
  "ns since boot": {
    hasThreads: false,
    timeUnit: 1,
    print: (call) => `${(call.time + UPTIME) * 1000} `,
  },
  "ns since boot, tid": {
    timeUnit: 1,
    print: (call) => `${(call.time + UPTIME) * 1000} ${tidOf(call)} `,
  },
  "µs since the start, tid": {
    timeUnit: 1,
    print: (call) => `${call.time - FIRST_TIME} ${tidOf(call)} `,
  },
  "12ms": {
    timeUnit: 1000,
    print: (call) => `[${tidOf(call)}] +${Math.floor((call.time - FIRST_TIME) / 1000)}ms `,
  },
  "1.234 ms": {
    timeUnit: 1,
    print: (call) => `${tidOf(call)} ${((call.time - FIRST_TIME) / 1000).toFixed(3)} ms `,
  },
  "12s": { timeUnit: 1, print: (call) => `${(call.time / 1e6).toFixed(6)}s ${tidOf(call)} ` },
  "attributes of XML": {
    timeUnit: 1,
    print: (call) => `<call tid="${tidOf(call)}" time="${clock(call.time)}"> `,
  },
  compose: { print: (call) => `web-1  | ${tidOf(call)} ` },
  "kubectl --prefix": {
    timeUnit: US,
    print: (call) => `[pod/web-5d8f/app] ${tidOf(call)} ${epoch(call.time)} `,
  },
};

interface Parts {
  readonly name?: (name: string) => string;
  readonly size?: (bytes: number) => string;
  readonly pointer?: (address: number) => string;
  readonly given?: string;
  readonly comma?: string;
  readonly open?: string;
  readonly sign?: string;
  readonly result?: string;
  readonly void?: string;
}

function spelled({
  name = (text) => text,
  size = String,
  pointer = hex,
  given = "",
  comma = ", ",
  open = "(",
  sign = " = ",
  result = "",
  void: nothing = "",
}: Parts): Print {
  return ({ name: called, size: bytes, pointerIn, pointerOut }) => {
    const args = {
      malloc: () => size(bytes),
      calloc: () => `${size(1)}${comma}${size(bytes)}`,
      realloc: () => `${given}${pointer(pointerIn)}${comma}${size(bytes)}`,
      free: () => given + pointer(pointerIn),
      posix_memalign: () => `${size(64)}${comma}${size(bytes)}`,
    }[called]();
    const returned = called === "free" ? nothing : `${sign}${result}${pointer(pointerOut)}`;
    return `${name(called)}${open}${args})${returned}`;
  };
}

function before(sign: string): Print {
  const call = spelled({ sign: "", pointer: hex });
  return (logged, line) => {
    const result = hex(logged.pointerOut);
    const text = call(logged, line);
    return logged.name === "free" ? text : `${result}${sign}${text.slice(0, -result.length)}`;
  };
}

const OTHER_NAMES: Readonly<Record<string, string>> = {
  malloc: "operator new",
  free: "operator delete",
};
const MANGLED: Readonly<Record<string, string>> = { malloc: "_Znwm", free: "_ZdlPv" };

export const SPELLINGS: Readonly<Record<string, Print>> = {
  native: spelled({}),
  "without blanks": spelled({ sign: "=", comma: "," }),
  "a blank before the parenthesis": spelled({ open: " (" }),
  "->": spelled({ sign: " -> " }),
  "=>": spelled({ sign: " => " }),
  ":": spelled({ sign: ": " }),
  returned: spelled({ sign: " returned " }),
  returns: spelled({ sign: " returns " }),
  "a tab": spelled({ sign: "\t= " }),
  "names of arguments": spelled({
    size: (bytes) => `size=${bytes}`,
    given: "ptr=",
    result: "ptr=",
  }),
  "names with colons": spelled({ size: (bytes) => `size: ${bytes}`, given: "ptr: " }),
  bytes: spelled({ size: (bytes) => `${bytes} bytes` }),
  "hexadecimal sizes": spelled({ size: hex }),
  "decimal pointers": spelled({ pointer: String }),
  "pointers without 0x": spelled({ pointer: (address) => address.toString(16).padStart(16, "0") }),
  "pointers in capitals": spelled({
    pointer: (address) => `0x${address.toString(16).toUpperCase()}`,
  }),
  "= <void>": spelled({ void: " = <void>" }),
  "= 0": spelled({ void: " = 0" }),
  "-> void": spelled({ void: " -> void" }),
  __libc_malloc: spelled({ name: (text) => `__libc_${text}` }),
  "malloc@plt": spelled({ name: (text) => `${text}@plt` }),
  "malloc@GLIBC": spelled({ name: (text) => `${text}@GLIBC_2.2.5` }),
  "1_000": spelled({ size: (bytes) => bytes.toLocaleString("en").replaceAll(",", "_") }),
  "(null)": spelled({ pointer: (address) => (address === 0 ? "(null)" : hex(address)) }),
  "1000UL": spelled({ size: (bytes) => `${bytes}UL` }),
  casts: spelled({
    size: (bytes) => `(size_t)${bytes}`,
    pointer: (address) => (address === 0 ? "(nil)" : `(void *) ${hex(address)}`),
  }),
  "⇒": spelled({ sign: " ⇒ " }),
  "==": spelled({ sign: " == " }),
  ">>": spelled({ sign: " >> " }),
  "|": spelled({ sign: " | " }),
  "a comma": spelled({ sign: ", " }),
  "the result before the call": before(" = "),
  "the result before an arrow": before(" <- "),
  MALLOC: spelled({ name: (text) => text.toUpperCase() }),
  "operator new": spelled({ name: (text) => OTHER_NAMES[text] ?? text }),
  _Znwm: spelled({ name: (text) => MANGLED[text] ?? text }),
};

export interface Tail {
  readonly print: Print;
  readonly hasCaller?: true;
}

export const TAILS: Readonly<Record<string, Tail>> = {
  nothing: { print: () => "" },
  blanks: { print: () => " \t" },
  "a full stop": { print: () => "." },
  "a duration": { print: (_, line) => ` <0.0000${10 + (line % 50)}>` },
  "(current n)": { print: (_, line) => `   (current ${4096 + line})` },
  "[0xcaller]": { hasCaller: true, print: ({ caller }) => ` [${hex(caller)}]` },
  "caller=": { hasCaller: true, print: ({ caller }) => ` caller=${hex(caller)}` },
  "from 0xcaller": { hasCaller: true, print: ({ caller }) => ` from ${hex(caller)}` },
  "[lib.so+0x123]": { print: ({ caller }) => ` [libz.so.1+${hex(caller & 0xfff)}]` },
  "at a symbol": {
    print: ({ caller }) => ` ./a.out(inflate+${hex(caller & 0xff)}) [${hex(caller)}]`,
  },
  "comma-separated more": { print: (_, line) => `, ${line}, ok` },
  "a comment": { print: (_, line) => ` # block ${line}` },
};
