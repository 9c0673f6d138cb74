import type { CountedArena } from "../../../trace/stated/observed-memory.ts";
import { cutOff, type Read, several } from "./reader.ts";

/**
 * What malloc_info(0, file) writes: XML, with a `<heap>` for each arena. Its `total` elements count the free chunks in
 * fastbins and in bins, `system` the bytes from the kernel. Chunks in tcaches count as in use.
 *
 *     <malloc version="1">
 *     <heap nr="0">
 *     …
 *     <total type="fast" count="0" size="0"/>
 *     <total type="rest" count="1" size="2288"/>
 *     <system type="current" size="2568192"/>
 *     </heap>
 *     <total type="mmap" count="6" size="1957888"/>
 */
export function readMallocInfo(text: string): Read {
  const documents = text.split(/<malloc version="/);
  const [, document] = documents;
  if (document === undefined) {
    return null;
  }
  if (documents.length > 2) {
    return several("<malloc>");
  }
  if (!document.includes("</malloc>")) {
    return cutOff("</malloc>");
  }
  const arenas: CountedArena[] = [];
  for (const [, nr, heap = ""] of document.matchAll(/<heap nr="(\d{1,9})">(.*?)<\/heap>/gs)) {
    const systemBytes = sizeOf(heap, "system", "current");
    const fastBytes = sizeOf(heap, "total", "fast");
    const binBytes = inBins(heap);
    if (systemBytes === null || fastBytes === null || binBytes === null) {
      return { error: `has no sizes of heap ${nr}` };
    }
    const inUseBytes = systemBytes - fastBytes - binBytes;
    arenas.push({ nr: Number(nr), systemBytes, inUseBytes });
  }
  if (arenas.length === 0) {
    return { error: "has no <heap>" };
  }
  // What follows the last heap sums up all. Up to 2.22, glibc does not count mappings there.
  const whole = document.slice(document.lastIndexOf("</heap>"));
  return {
    ok: {
      kind: "malloc_info",
      arenas,
      systemBytes: arenas.reduce((sum, one) => sum + one.systemBytes, 0),
      inUseBytes: arenas.reduce((sum, one) => sum + one.inUseBytes, 0),
      mappedBytes: sizeOf(whole, "total", "mmap"),
    },
  };
}

/**
 * The free bytes in bins and in the top. glibc adds up the size fields of chunks in bins with their flags, of which
 * PREV_INUSE is set in each; it counts the top as one chunk, without flags.
 */
function inBins(heap: string): number | null {
  const size = sizeOf(heap, "total", "rest");
  const [, chunks] = /<total type="rest" count="(\d{1,12})"/.exec(heap) ?? [];
  if (size === null || chunks === undefined) {
    return size;
  }
  const withoutFlags = size - Math.max(0, Number(chunks) - 1);
  return withoutFlags % SIZE_UNIT === 0 ? withoutFlags : size;
}

/** The sizes of chunks are multiples of it, also on 32-bit machines. */
const SIZE_UNIT = 8;

function sizeOf(text: string, element: string, type: string): number | null {
  const found = new RegExp(`<${element} type="${type}"[^>]*? size="(\\d{1,15})"`).exec(text);
  return found === null ? null : Number(found[1]);
}
