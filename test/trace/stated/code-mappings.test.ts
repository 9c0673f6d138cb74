import { describe, expect, it } from "vitest";
import { CodeMappings } from "../../../src/trace/stated/code-mappings.ts";

function mappings(...lines: string[]): CodeMappings {
  const all = new CodeMappings();
  for (const line of lines) {
    all.add(line);
  }
  return all;
}

const LIBZ = "7f1100003000-7f1100016000 r-xp 00003000 08:01 1234 /usr/lib/libz.so.1";

describe("a line of /proc/PID/maps", () => {
  it("gives the place of an address in the file", () => {
    const place = { module: "/usr/lib/libz.so.1", offset: 0x3041 };
    expect(mappings(LIBZ).find(0x7f1100003041, false)).toEqual(place);
    expect(mappings(LIBZ).find(0x7f1100002fff, false)).toBeNull();
    expect(mappings(LIBZ).find(0x7f1100016000, false)).toBeNull();
  });

  it("may lack device and inode, as in the log of mallog's hook, and name the vdso or a path with blanks", () => {
    const all = mappings(
      "7f1100003000-7f1100016000 r-xp 00003000 /opt/my app/lib a.so",
      "7ffd1000-7ffd3000 r-xp 00000000 [vdso]",
    );
    expect(all.find(0x7f1100003041, false)?.module).toBe("/opt/my app/lib a.so");
    expect(all.find(0x7ffd1010, false)).toEqual({ module: "[vdso]", offset: 0x10 });
  });

  it("is known but not kept if it maps no code of a file", () => {
    const all = new CodeMappings();
    expect(all.add("7f1100000000-7f1100003000 r--p 00000000 08:01 1234 /usr/lib/libz.so.1")).toBe(
      true,
    );
    expect(all.add("7f1100000000-7f1100003000 rwxp 00000000 00:00 0")).toBe(true);
    expect(all.add("root:x:0:0:root:/root:/bin/bash")).toBe(false);
    expect(all.size).toBe(0);
  });
});

describe("an address that may be of several places", () => {
  it("has none, where two files were mapped there", () => {
    const all = mappings(LIBZ, LIBZ.replace("libz", "libbz2"));
    expect(all.find(0x7f1100003041, false)).toBeNull();
  });

  it("has one where the same file was mapped there twice", () => {
    const all = mappings(
      LIBZ,
      "7f1100003000-7f1100010000 r-xp 00003000 08:01 1234 /usr/lib/libz.so.1",
    );
    expect(all.find(0x7f1100003041, false)?.offset).toBe(0x3041);
  });

  it("is found by its low 32 bits, if they are those of one place only", () => {
    const other = "558800003000-558800004000 r-xp 00001000 08:01 5 /usr/bin/app";
    const low = 0x3041;
    expect(mappings(LIBZ).find(low, true)?.offset).toBe(0x3041);
    expect(mappings(LIBZ).find(low, false)).toBeNull();
    expect(mappings(LIBZ, other).find(low, true)).toBeNull();
    expect(mappings(LIBZ, other).find(0x5000, true)?.module).toBe("/usr/lib/libz.so.1");
  });

  it("is found by its low 32 bits beyond a multiple of 4 GiB in the middle of a mapping", () => {
    const all = mappings("7f11fffff000-7f1200002000 r-xp 00000000 08:01 9 /lib/a.so");
    expect(all.find(0x1010, true)?.offset).toBe(0x2010);
    expect(all.find(0xfffff010, true)?.offset).toBe(0x10);
  });
});
