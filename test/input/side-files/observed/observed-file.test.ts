import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { readObserved } from "../../../../src/input/side-files/observed/observed-file.ts";
import type {
  MemoryArea,
  ObservedContent,
  ObservedCounts,
} from "../../../../src/trace/stated/observed-memory.ts";

/** A measured file of fixtures/observed. */
function fixture(name: string): string {
  const bytes = readFileSync(
    fileURLToPath(new URL(`../../../../fixtures/observed/${name}`, import.meta.url)),
  );
  return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

function read(text: string): ObservedContent {
  const found = readObserved(text);
  if ("error" in found) {
    throw new Error(found.error);
  }
  return found.ok;
}

function areasIn(text: string): readonly MemoryArea[] {
  const content = read(text);
  return "areas" in content ? content.areas : [];
}

const refused = (text: string): string => {
  const found = readObserved(text);
  return "error" in found ? found.error : "";
};

const rssOf = (areas: readonly MemoryArea[]): number =>
  areas.reduce((sum, { rssBytes }) => sum + rssBytes, 0);

describe("smaps", () => {
  it("has the address, name, resident size and reservation of each mapping", () => {
    const areas = areasIn(fixture("filled.smaps"));
    const heap = areas.find(({ name }) => name === "[heap]");
    expect(heap).toMatchObject({ permissions: "rw-p", isUnreserved: false });
    expect(heap!.to - heap!.from).toBe(1452 * 1024);
    expect(heap!.rssBytes).toBe(1348 * 1024);
    expect(areas.filter(({ isUnreserved }) => isUnreserved).length).toBe(6);
    expect(areas.at(-1)?.name).toBe("[vsyscall]");
  });

  it.each(["filled", "freed"])("adds up to the sums of smaps_rollup (%s)", (moment) => {
    const rollup = read(fixture(`${moment}.smaps_rollup`));
    expect(rollup).toEqual({
      kind: "smaps_rollup",
      rssBytes: rssOf(areasIn(fixture(`${moment}.smaps`))),
    });
  });

  it("may have the line ends of another system", () => {
    const text = fixture("filled.smaps");
    expect(areasIn(text.replaceAll("\n", "\r\n"))).toEqual(areasIn(text));
    expect(areasIn(`\uFEFF${text}`)).toEqual(areasIn(text));
  });

  it("that is cut is refused", () => {
    const text = fixture("filled.smaps");
    for (const line of ["Rss:", "Pss:", "VmFlags:"]) {
      const at = text.lastIndexOf(line);
      for (const end of [at, at + 3]) {
        expect(refused(text.slice(0, end)), `before ${line}`).toContain("is cut off");
      }
    }
  });

  it("is told from maps, and refused twice in a file", () => {
    const maps = fixture("filled.smaps")
      .split("\n")
      .filter((line) => /^[0-9a-f]+-/.test(line))
      .join("\n");
    expect(refused(maps)).toContain("take /proc/PID/smaps");
    const twice = fixture("filled.smaps") + fixture("freed.smaps");
    expect(refused(twice)).toContain("more than once");
    expect(refused(fixture("filled.smaps_rollup") + fixture("freed.smaps_rollup"))).toContain(
      "more than once",
    );
  });
});

describe("pmap -X", () => {
  it("has what smaps of the same moment has, but for flags and whole paths", () => {
    const areas = areasIn(fixture("filled.pmap.txt"));
    const expected = areasIn(fixture("filled.smaps")).map((area) => ({
      ...area,
      isUnreserved: null,
      name: area.name.slice(area.name.lastIndexOf("/") + 1),
    }));
    expect(areas).toEqual(expected);
  });

  it.each(["2.36", "2.44"])("of -XX has the flags, too (glibc %s)", (glibc) => {
    const areas = areasIn(fixture(`glibc-${glibc}.pmap.txt.gz`));
    const expected = areasIn(fixture(`glibc-${glibc}.smaps.gz`)).map((area) => ({
      ...area,
      name: area.name.slice(area.name.lastIndexOf("/") + 1),
    }));
    expect(areas).toEqual(expected);
    expect(areas.some(({ isUnreserved }) => isUnreserved)).toBe(glibc === "2.36");
  });

  it("that is cut is refused", () => {
    const text = fixture("filled.pmap.txt");
    const rows = text.split("\n");
    for (const kept of [
      rows.slice(0, -2),
      rows.slice(0, 10),
      rows.filter((row) => !row.includes("[heap]")),
    ]) {
      expect(refused(`${kept.join("\n")}\n`)).toContain("is cut off");
    }
  });

  it("of -x is refused, as it does not name the heap", () => {
    const text = "1:   init\nAddress           Kbytes     RSS   Dirty Mode  Mapping\n";
    expect(refused(text)).toContain("take pmap -X PID");
  });
});

describe("what glibc counts", () => {
  it.each(["filled", "freed"])("is the same in each form (%s)", (moment) => {
    const [info, stats, mallinfo] = ["malloc_info.xml", "malloc_stats.txt", "mallinfo.txt"].map(
      (form) => read(fixture(`${moment}.${form}`)) as ObservedCounts,
    );
    expect([info?.kind, stats?.kind, mallinfo?.kind]).toEqual([
      "malloc_info",
      "malloc_stats",
      "mallinfo",
    ]);
    expect(info?.arenas).toEqual(stats?.arenas);
    expect({ ...stats, kind: "", arenas: null }).toEqual({ ...info, kind: "", arenas: null });
    expect({ ...mallinfo, kind: "" }).toEqual({ ...info, kind: "", arenas: null });
  });

  it("has the figures of each arena", () => {
    const { arenas, systemBytes, mappedBytes } = read(
      fixture("freed.malloc_info.xml"),
    ) as ObservedCounts;
    expect(arenas?.[1]).toEqual({ nr: 1, systemBytes: 1376256, inUseBytes: 274896 });
    expect(systemBytes).toBe(1486848 + 1376256 + 2 * 1372160);
    expect(mappedBytes).toBe(1085440);
  });

  test.each([
    "$1 = {arena = 135168, ordblks = 1, hblkhd = 4096, uordblks = 1000, fordblks = 134168}",
    '{"arena":135168,"ordblks":1,"hblkhd":4096,"uordblks":1000,"fordblks":134168}',
    "Total non-mmapped bytes (arena):       135168\n# of free chunks (ordblks):            1\nBytes in mapped regions (hblkhd):      4096\nTotal allocated space (uordblks):      1000\nTotal free space (fordblks):           134168",
  ])("mallinfo is read as programs print it: %s", (text) => {
    const figures = { systemBytes: 135168, inUseBytes: 1000, mappedBytes: 4096 };
    expect(read(text)).toEqual({ kind: "mallinfo", arenas: null, ...figures });
  });

  it("of mallinfo that has overflowed is refused", () => {
    const text =
      "arena = -2147479552\nordblks = 1\nhblkhd = 0\nuordblks = -2147481000\nfordblks = 1448\n";
    expect(refused(text)).toContain("take mallinfo2()");
  });

  it("of mallinfo is told from other text with such names", () => {
    for (const text of [
      "arena = 3\nuordblks = 5\n",
      "arena = 10, ordblks = 1, hblkhd = 4, uordblks = 5, fordblks = 6",
      '{"schema": "mallog.report/1", "arena": 11, "ordblks": 1, "hblkhd": 4, "uordblks": 5, "fordblks": 6}',
    ]) {
      expect(refused(text)).toMatch(/^is none of/);
    }
  });

  it("of malloc_stats is known up to a multiple of 4 GiB", () => {
    const text = [
      ["Arena 0:", 135168, 1000],
      ["Total (incl. mmap):", 4096, 2 ** 32 - 130072],
    ]
      .map(
        ([head, system, used]) =>
          `${head}\nsystem bytes     = ${system}\nin use bytes     = ${used}\n`,
      )
      .join("");
    expect((read(text) as ObservedCounts).mappedBytes).toBe(2 ** 32 - 131072);
  });

  it("before glibc 2.23 has no mappings in malloc_info", () => {
    const text = fixture("freed.malloc_info.xml").replace(/<total type="mmap"[^>]*>\n/, "");
    expect((read(text) as ObservedCounts).mappedBytes).toBeNull();
  });

  it("is refused twice in a file", () => {
    for (const form of ["malloc_info.xml", "malloc_stats.txt", "mallinfo.txt"]) {
      const twice = `${fixture(`filled.${form}`)}${fixture(`freed.${form}`)}`;
      expect(refused(twice)).toContain("more than once");
    }
  });

  it("of an XML that is cut is refused", () => {
    const text = fixture("freed.malloc_info.xml");
    for (const end of [100, 800, text.lastIndexOf("</malloc>")]) {
      expect(refused(text.slice(0, end))).toContain("is cut off");
    }
    expect(refused(text.replaceAll("<system", "<sys"))).toBe("has no sizes of heap 0");
  });
});

describe("VM.native_memory", () => {
  it("has the categories, and of each what malloc gave", () => {
    const jvm = read(fixture("jvm.native_memory.txt"));
    expect(jvm).toMatchObject({ kind: "native_memory" });
    const { categories, committedBytes } = jvm as Extract<
      ObservedContent,
      { kind: "native_memory" }
    >;
    expect(categories[0]).toEqual({
      name: "Java Heap",
      committedBytes: 32 * 2 ** 20,
      mallocBytes: 0,
    });
    const of = (name: string) => categories.find((one) => one.name === name);
    expect(of("Thread")?.mallocBytes).toBeGreaterThan(0);
    expect(of("Symbol")!.committedBytes).toBe(of("Symbol")!.mallocBytes);
    // Each category is rounded to KiB.
    const sum = categories.reduce((total, one) => total + one.committedBytes, 0);
    expect(Math.abs(sum - committedBytes)).toBeLessThan(categories.length * 1024);
  });

  it("has units of its own", () => {
    const text =
      "Native Memory Tracking:\n\nTotal: reserved=2GB, committed=3MB\n\n-  GC (reserved=1GB, committed=3MB)\n   (malloc=1MB #5)\n";
    expect(read(text)).toEqual({
      kind: "native_memory",
      committedBytes: 3 * 2 ** 20,
      categories: [{ name: "GC", committedBytes: 3 * 2 ** 20, mallocBytes: 2 ** 20 }],
    });
  });

  it("of detail has the figures of its summary", () => {
    const jvm = read(fixture("grow.detail.txt.gz"));
    const { categories, committedBytes } = jvm as Extract<
      ObservedContent,
      { kind: "native_memory" }
    >;
    expect(committedBytes).toBe(180686 * 1024);
    expect(categories.at(-1)).toEqual({
      name: "Object Monitors",
      committedBytes: 1024,
      mallocBytes: 1024,
    });
    const sum = categories.reduce((total, one) => total + one.mallocBytes, 0);
    // Arenas count twice: as such, and in the chunks that they are made of.
    expect(sum / (57930 * 1024)).toBeCloseTo(1, 2);
  });

  it.each(["summary", "detail"])("of %s.diff is refused", (kind) => {
    expect(refused(fixture(`grow.${kind}.diff.txt.gz`))).toContain(
      "is a diff; take jcmd PID VM.native_memory summary",
    );
  });

  it("that is cut is refused", () => {
    const text = fixture("jvm.native_memory.txt");
    expect(refused(text.slice(0, text.indexOf("GC (")))).toContain("is cut off");
  });

  it("of newlines takes no long time to refuse", () => {
    const started = performance.now();
    expect(refused("\n".repeat(100_000))).toBe("is empty");
    expect(refused(`${"\n".repeat(100_000)}x`)).toMatch(/^is none of/);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("of a JVM that does not track it is refused", () => {
    expect(refused("4711:\nNative memory tracking is not enabled\n")).toContain(
      "-XX:NativeMemoryTracking=summary",
    );
    expect(refused("24537:\nDetail tracking is not enabled\n")).toContain(
      "take jcmd PID VM.native_memory summary",
    );
  });
});

describe("any other text", () => {
  it("is refused with what is expected", () => {
    expect(refused(" \n")).toBe("is empty");
    expect(refused("PID USER\n1 root\n")).toMatch(/^is none of \/proc\/PID\/smaps, .*malloc_info/);
  });

  it("never throws", () => {
    const words = fc.constantFrom(
      ...["<malloc version=", '<heap nr="0">', "Arena 0:\nsystem bytes     = 1", "arena=1"],
      ...["Native Memory Tracking:", "-  GC (reserved=1KB, committed=1KB)", "\n", "Rss: 4 kB"],
      ...["1000-2000 rw-p 0 0:0 0", "Address Rss Mapping", "1000 rw-p 4 4 4", "uordblks=x"],
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }), (parts) => {
        const found = readObserved(parts.join(""));
        expect("ok" in found || found.error.length > 0).toBe(true);
      }),
    );
  });
});
