import { CALL_NAMES } from "../formats/native/calls.ts";
import type { Unwrapping } from "./wrapper.ts";

/** Names of malloc's family, longest first: the shorter ones are the ends of others. */
const NAMES = CALL_NAMES.filter((name) => /alloc|align|free/.test(name) && name !== "malloc_trim")
  .sort((one, other) => other.length - one.length)
  .join("|");

const CALL = new RegExp(`(?<!\\w)(\\w{0,40}?)(${NAMES})\\(`, "gi");

/** What glibc's own names begin with: columns/call-start.ts reads them. */
const GLIBC = /^(?:__GI___libc_|__libc_|__GI_|__)?$/;

/** So large a part of the lines that call anything of this kind must call it by such a name. */
const PART = 0.5;

/**
 * What stands before the names of all calls, where these are not malloc's own but those of another allocator or of functions
 * around malloc: `je_` of `je_malloc`, `g_` of `g_free`. Null: there is no such prefix, or some lines allocate by malloc's own
 * names; frees may have their own, as those of `xmalloc` do.
 */
export function namePrefix(lines: readonly string[]): string | null {
  const counts = new Map<string, number>();
  let all = 0;
  for (const line of lines) {
    const calls = [...line.matchAll(CALL)];
    const own = calls.filter(([, prefix = ""]) => GLIBC.test(prefix));
    if (own.some(([, , name = ""]) => !/^c?free$/i.test(name))) {
      return null;
    }
    const [prefix] = own.length > 0 ? [] : calls.map(([, one = ""]) => one);
    if (prefix !== undefined) {
      all++;
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most !== undefined && most[1] >= all * PART ? most[0] : null;
}

/** What other allocators call C++'s operators and functions that C does not have, and calls with the same arguments. */
const OTHERS: ReadonlyMap<string, string> = new Map([
  ["new", "_Znwm"],
  ["new_nothrow", "_Znwm"],
  ["newarray", "_Znam"],
  ["newarray_nothrow", "_Znam"],
  ["delete", "_ZdlPv"],
  ["delete_sized", "_ZdlPv"],
  ["deletearray", "_ZdaPv"],
  ["deletearray_sized", "_ZdaPv"],
  ["free_size", "_ZdlPv"],
  ["zalloc", "malloc"],
  ["malloc_aligned", "_ZnwmSt11align_val_t"],
  ["zalloc_aligned", "_ZnwmSt11align_val_t"],
]);

/** Takes a prefix off the names of calls. */
export function withoutPrefix(prefix: string): Unwrapping {
  const others = [...OTHERS.keys()].join("|");
  const named = new RegExp(`(?<!\\w)${prefix}(${NAMES}|${others})(?=\\()`, "gi");
  const plain = (_: string, name: string): string => OTHERS.get(name.toLowerCase()) ?? name;
  return {
    name: `${prefix}malloc`,
    unwrap: (bytes, start, end, out, at) =>
      at + out.write(bytes.toString("latin1", start, end).replace(named, plain), at, "latin1"),
  };
}
