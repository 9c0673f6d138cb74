import { describe, expect, it } from "vitest";
import { LogFacts } from "../../../src/trace/stated/log-facts.ts";
import type { StatedProcess } from "../../../src/trace/stated/stated-process.ts";

function statedIn(...comments: string[]): StatedProcess {
  const facts = new LogFacts();
  for (const [at, text] of comments.entries()) {
    facts.read({ at, line: at + 1, text });
  }
  return facts.statedProcess;
}

describe("what the log states about its process", () => {
  it("is in the comments of mallog's hook", () => {
    const stated = statedIn(
      "pid 16342",
      "command java -jar my app.jar",
      "setting MALLOC_ARENA_MAX=2",
      "setting GLIBC_TUNABLES=glibc.rtld.nns=8:glibc.malloc.mxfast=0",
      "cgroup limit=536870912 usage=412000000",
      "rss 1052672 heap=1048576 arenas=4096 mapped=0 other=8400896",
      "rss 1052672 heap=1048576 arenas=4096 mapped=0 other=8000000",
      "lost 0000000017",
      "lost 3",
      "forked",
    );
    expect(stated).toMatchObject({
      pid: 16342,
      command: "java -jar my app.jar",
      tunables: "glibc.rtld.nns=8:glibc.malloc.mxfast=0",
      limitBytes: 536870912,
      otherRssBytes: 8400896,
      lostCalls: 20,
      isForked: true,
    });
  });

  it("is nothing where there is no limit, and in other comments", () => {
    const comments = [
      "cgroup limit=max usage=5",
      "rss 4096",
      "pid x",
      "lost",
      "command",
      "other=5",
      "setting GLIBC_TUNABLES=",
    ];
    expect(statedIn(...comments)).toMatchObject({
      pid: null,
      command: null,
      tunables: null,
      limitBytes: null,
      otherRssBytes: null,
      lostCalls: 0,
      isForked: false,
    });
  });
});
