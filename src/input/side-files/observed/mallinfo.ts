import { type Read, several } from "./reader.ts";

/**
 * The fields of mallinfo(3) or mallinfo2(3) by name, in any order, as programs and debuggers print them:
 *
 *     arena = 10256384
 *     {arena = 10256384, ordblks = 4, …}                  gdb: p mallinfo2()
 *     "arena": 10256384                                   JSON
 *     Total non-mmapped bytes (arena):       10256384     the example in the manual page
 */
export function readMallinfo(text: string): Read {
  if (/"schema"\s*:\s*"mallog\./.test(text)) {
    return null;
  }
  const arenas = valuesOf("arena", text);
  const [systemBytes] = arenas;
  const [inUseBytes] = valuesOf("uordblks", text);
  const [freeBytes] = valuesOf("fordblks", text);
  const [mappedBytes] = valuesOf("hblkhd", text);
  if (
    systemBytes === undefined ||
    inUseBytes === undefined ||
    freeBytes === undefined ||
    mappedBytes === undefined ||
    valuesOf("ordblks", text).length === 0
  ) {
    return null;
  }
  if (arenas.length > 1) {
    return several("the fields of mallinfo");
  }
  if (Math.min(systemBytes, inUseBytes, freeBytes, mappedBytes) < 0) {
    return { error: "is of mallinfo(), whose fields overflow at 2 GiB; take mallinfo2()" };
  }
  // What a program has of such names of its own does not add up.
  if (systemBytes !== inUseBytes + freeBytes) {
    return null;
  }
  return { ok: { kind: "mallinfo", arenas: null, systemBytes, inUseBytes, mappedBytes } };
}

function valuesOf(name: string, text: string): number[] {
  const pattern = new RegExp(`(?<![\\w.])${name}["')]*\\s*[:=]\\s*(-?\\d{1,15})\\b`, "g");
  return [...text.matchAll(pattern)].map(([, value]) => Number(value));
}
