import { describe, expect, it } from "vitest";
import { LogFacts } from "../../../src/trace/stated/log-facts.ts";

function factsOf(...comments: string[]): LogFacts {
  const facts = new LogFacts();
  for (const [at, text] of comments.entries()) {
    facts.read({ at, line: at + 1, text });
  }
  return facts;
}

describe("the facts of a log", () => {
  it("are its comments", () => {
    const facts = factsOf(
      "glibc 2.36",
      "cpus 8",
      "thp madvise",
      "arch arm64",
      "page 65536",
      "heap 0x55d0c0a2d000",
      "setting MALLOC_ARENA_MAX=2",
      "setting GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
      "thread 16342 main loop",
    );
    expect(facts).toMatchObject({
      glibc: "2.36",
      cpus: 8,
      thp: "madvise",
      arch: "aarch64",
      pageBytes: 65536,
      hasShortWords: false,
      heapStart: 0x55d0c0a2d000,
      settings: { MALLOC_ARENA_MAX: "2", GLIBC_TUNABLES: "glibc.malloc.tcache_count=0" },
    });
    expect([...facts.threadNames]).toEqual([[16342, "main loop"]]);
  });

  it("say that each end of a thread is logged, if the hook is mallog's", () => {
    expect(factsOf("hook mallog 1").logsExits).toBe(true);
    expect(factsOf("hook other 1").logsExits).toBe(false);
    expect(factsOf().logsExits).toBe(false);
  });

  it("include the lines of /etc/tunables.conf in order, and the program's path", () => {
    const facts = factsOf(
      "tunables.conf # system-wide",
      "tunables.conf [proc:java]",
      "tunables.conf -glibc.malloc.arena_max = 2",
      "tunables.conf",
      "program /opt/my app/bin/java",
    );
    expect(facts.tunablesConf).toEqual([
      "# system-wide",
      "[proc:java]",
      "-glibc.malloc.arena_max = 2",
      "",
    ]);
    expect(facts.program).toBe("/opt/my app/bin/java");
    expect(factsOf("program java").program).toBeNull();
  });

  it("include the glibc version without the distribution's revision", () => {
    expect(factsOf("glibc 2.36-9+deb12u4").glibc).toBe("2.36");
    expect(factsOf("glibc musl").glibc).toBeNull();
  });

  it("include a 32-bit architecture", () => {
    expect(
      ["i686", "armv7l", "x86_64"].map((name) => factsOf(`arch ${name}`).hasShortWords),
    ).toEqual([true, true, false]);
  });

  it("are none in other comments, or in values that do not match", () => {
    const comments = [
      "",
      "made by hand",
      "cpus 0",
      "cpus many",
      "thp on",
      "page 5",
      "arch vax",
      "heap 12",
      `heap 0x${"f".repeat(17)}`,
      "heap 0xffff800000000000",
      "setting A",
    ];
    expect(factsOf(...comments, "thread main 7", "thread 7")).toEqual(new LogFacts());
  });
});

it("an RSS sample is returned in bytes", () => {
  const facts = new LogFacts();
  const read = (text: string) => facts.read({ at: 0, line: 1, text });
  expect(read("rss 1052672")).toBe(1052672);
  expect(read("rss 1 MiB")).toBe(1);
  expect(read("rss much")).toBeNull();
  expect(read("cpus 4")).toBeNull();
});
