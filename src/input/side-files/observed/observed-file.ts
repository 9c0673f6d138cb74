import type { ObservedContent } from "../../../trace/stated/observed-memory.ts";
import { readMallinfo } from "./mallinfo.ts";
import { readMallocInfo } from "./malloc-info.ts";
import { readMallocStats } from "./malloc-stats.ts";
import { readNativeMemory } from "./native-memory.ts";
import { readPmap } from "./pmap.ts";
import type { Read } from "./reader.ts";
import { readSmaps } from "./smaps.ts";
import { readSmapsRollup } from "./smaps-rollup.ts";

/** Each knows its kind by the text alone; mallinfo last, as its names may stand in any text. */
const READERS: readonly ((text: string) => Read)[] = [
  readSmapsRollup,
  readSmaps,
  readPmap,
  readMallocInfo,
  readNativeMemory,
  readMallocStats,
  readMallinfo,
];

const KNOWN =
  "/proc/PID/smaps, /proc/PID/smaps_rollup, pmap -X PID, malloc_info() XML, malloc_stats() or mallinfo() text, or jcmd PID VM.native_memory summary";

/** What a measured file states; the error says in a clause what is wrong with it. */
export function readObserved(
  given: string,
): { readonly ok: ObservedContent } | { readonly error: string } {
  // An editor may have put a byte order mark before the text.
  const text = given.replace(/^\uFEFF/, "");
  if (text.trim() === "") {
    return { error: "is empty" };
  }
  for (const read of READERS) {
    const found = read(text);
    if (found !== null) {
      return found;
    }
  }
  return { error: `is none of ${KNOWN}` };
}
