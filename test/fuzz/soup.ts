import type { Chance } from "./chance.ts";
import { comment } from "./comments.ts";
import { Addresses, pointer, size } from "./numbers.ts";

/**
 * Lines of calls that fit together more or less: blocks are freed after they were returned, mostly once and mostly by a
 * thread of the log. Every call of the format occurs, and comments in between. At most `most` lines.
 */
export function soup(chance: Chance, most: number): string[] {
  const addresses = new Addresses(chance);
  const tids = chance.times(
    1 + chance.below(chance.pick([1, 2, 5, 50])),
    () => chance.pick([1, 1000, 2 ** 31 - 200]) + chance.below(100),
  );
  const live: number[] = [];
  const absurd = chance.pick([0, 0.02, 0.3]);
  const style = { time: chance.below(4), caller: chance.happens(0.6) };
  let clock = chance.pick([0, 86_399e6, 1.7e15]);

  const bytes = (): string => (chance.happens(absurd) ? size(chance) : String(chance.below(5000)));
  const old = (): string => {
    if (live.length === 0 || chance.happens(0.05)) {
      return pointer(chance.happens(0.3) ? 0 : addresses.next());
    }
    const at = chance.below(live.length);
    return pointer(chance.happens(0.1) ? live[at]! : live.splice(at, 1)[0]!);
  };
  const fresh = (): string => {
    const address = chance.happens(0.03) ? 0 : addresses.next();
    live.push(address);
    return pointer(address);
  };
  const align = (): string =>
    chance.happens(absurd) ? size(chance) : String(2 ** chance.below(22));

  function call(): string {
    const kind = chance.below(100);
    if (kind < 40) {
      return `malloc(${bytes()}) = ${fresh()}`;
    }
    if (kind < 66) {
      return `free(${old()})`;
    }
    switch (kind) {
      case 66:
        return `thread_exit()`;
      case 67:
        return `malloc_trim(${bytes()})`;
      case 68:
        return `mallopt(${chance.below(12) - 9}, ${chance.pick([bytes(), `-${bytes()}`])})`;
      case 69:
        return `mark(${chance.pick(["a", "\u001b[31m", ")", "x".repeat(500)])})`;
      case 70:
        return `reallocarray(${old()}, ${bytes()}, ${bytes()}) = ${fresh()}`;
      case 71:
        return `valloc(${bytes()}) = ${fresh()}`;
      case 72:
        return `pvalloc(${bytes()}) = ${fresh()}`;
      case 73:
        return `operator new[](${bytes()}) = ${fresh()}`;
      case 74:
        return `_ZdlPv(${old()})`;
      default:
        break;
    }
    if (kind < 82) {
      return `calloc(${bytes()}, ${chance.pick(["1", bytes()])}) = ${fresh()}`;
    }
    if (kind < 93) {
      return `realloc(${old()}, ${bytes()}) = ${fresh()}`;
    }
    return `${chance.pick(["memalign", "aligned_alloc", "posix_memalign"])}(${align()}, ${bytes()}) = ${fresh()}`;
  }

  function line(): string {
    const tid = chance.pick(tids);
    clock += chance.happens(0.03) ? -chance.below(1e9) : chance.below(1e5);
    const caller = style.caller ? `[${callerOf(chance)}] ` : "";
    return `${tid} ${time(style.time, clock)}${caller}${call()}`;
  }

  const length = Math.min(chance.pick([3, 12, 40, 120]), most);
  return chance.times(1 + chance.below(length), () =>
    chance.happens(0.12) ? comment(chance, live) : line(),
  );
}

function time(style: number, microseconds: number): string {
  const at = Math.max(0, microseconds);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  switch (style) {
    case 0:
      return "";
    case 1:
      return `${at / 1e6} `;
    default:
      return `${two(at / 3600e6)}:${two((at / 60e6) % 60)}:${two((at / 1e6) % 60)}.${String(Math.floor(at % 1e6)).padStart(6, "0")} `;
  }
}

/** An address, or sometimes a text in its place. */
function callerOf(chance: Chance): string {
  return chance.happens(0.1) ? chance.pick(CALLERS) : pointer(0x40_0000 + chance.below(64) * 16);
}

const CALLERS = [
  "libz.so.1+0x41",
  "operator new[](unsigned long)+0x1c",
  "\u001b[31m+0x1",
  "=1+1",
  "a;b",
  "<script>",
  "others",
  "é".repeat(300),
];
