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
  const [arena, inUse, mapped] = ["arena", "uordblks", "hblkhd"].map((name) => [
    ...text.matchAll(new RegExp(`(?<![\\w.])${name}["')]*\\s*[:=]\\s*(-?\\d{1,15})\\b`, "g")),
  ]);
  const systemBytes = arena?.[0]?.[1];
  const inUseBytes = inUse?.[0]?.[1];
  if (arena === undefined || systemBytes === undefined || inUseBytes === undefined) {
    return null;
  }
  if (arena.length > 1) {
    return several("the fields of mallinfo");
  }
  if (Number(systemBytes) < 0 || Number(inUseBytes) < 0) {
    return { error: "is of mallinfo(), whose fields overflow at 2 GiB; take mallinfo2()" };
  }
  const mappedBytes = mapped?.[0]?.[1];
  return {
    ok: {
      kind: "mallinfo",
      arenas: null,
      systemBytes: Number(systemBytes),
      inUseBytes: Number(inUseBytes),
      mappedBytes: mappedBytes === undefined ? null : Number(mappedBytes),
    },
  };
}
