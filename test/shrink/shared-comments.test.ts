import { describe, expect, test } from "vitest";
import { MovedAddresses } from "../../src/shrink/moved-addresses.ts";
import { Numbers } from "../../src/shrink/numbers.ts";
import { SharedComments } from "../../src/shrink/shared-comments.ts";

function shared(...comments: string[]): string[] {
  const rewriter = new SharedComments(new Numbers(), new MovedAddresses());
  return comments.map((one) => rewriter.rewrite(one));
}

describe("SharedComments", () => {
  test.each([
    "cpus 8",
    "arch aarch64",
    "page 65536",
    "thp madvise",
    "hook mallog 1",
    "holes min=4096",
    "rss 1052672 heap=4096 arenas=0 mapped=12 other=8400896",
    "cgroup limit=max usage=412000000",
    "lost 17",
    "end",
    "setting MALLOC_ARENA_MAX=2",
    "setting glibc.malloc.tcache_count=0",
    "setting GLIBC_TUNABLES=glibc.malloc.arena_max=2:glibc.malloc.tcache_count=0",
    "tunables.conf -glibc.malloc.top_pad=4096",
  ])("keeps %s", (comment) => {
    expect(shared(comment)).toEqual([comment]);
  });

  test.each([
    ["glibc 2.36-9+deb12u4", "glibc 2.36"],
    ["forked secret.log 123456 42", "forked"],
    [
      "setting GLIBC_TUNABLES=glibc.malloc.arena_max=2:my.secret=/höme",
      "setting GLIBC_TUNABLES=glibc.malloc.arena_max=2:xxxxxxxxx=xxxxxx",
    ],
    ["tunables.conf [proc:java]", "tunables.conf [proc:program-1]"],
    ["tunables.conf [user:me]", "tunables.conf [other:]"],
    ["program /opt/secret/java", "program /folder-1/program-1"],
  ])("%s becomes %s", (comment, expected) => {
    expect(shared(comment)).toEqual([expected]);
  });

  test.each([
    "command java -jar secret.jar",
    "map 7f1100003000-7f1100016000 r-xp 00003000 /usr/lib/libz.so.1",
    "start 1796001966",
    "parent 123",
    "allocator /usr/lib/libjemalloc.so.2",
    "setting MALLOC_CONF=prof_prefix:/home/me",
    "setting MALLOC_ARENA_MAX=secret",
    "cpus secret",
    "rss 123 secret=1",
    "hole 0xsecret 1+2",
    "thread secret",
    "pid secret",
    "tunables.conf my.secret=1",
    "written by me",
    "secret",
    "",
  ])("leaves nothing of %j", (comment) => {
    expect(shared(comment)).toEqual([""]);
  });

  test("numbers threads and processes alike, and their names", () => {
    const lines = ["pid 4711", "owner 4712 4711", "thread 4712 GC", "thread 4713 GC", "fork 4711"];
    expect(shared(...lines)).toEqual([
      "pid 1",
      "owner 2 1",
      "thread 2 name-1",
      "thread 3 name-1",
      "fork 1",
    ]);
  });

  test("moves a hole with its block", () => {
    const addresses = new MovedAddresses();
    const comments = new SharedComments(new Numbers(), addresses);
    const moved = addresses.of(0x7f08_4cd1_d010).toString(16);
    expect(comments.rewrite("hole 0x7f084cd1d010 4080+1044480,8+4")).toBe(
      `hole 0x${moved} 4080+1044480,8+4`,
    );
  });

  test("a line of the configuration still names its program, by path or name", () => {
    expect(
      shared(
        "program /usr/bin/java",
        "tunables.conf [proc:/usr/bin/java]",
        "tunables.conf [proc:java]",
        "tunables.conf [proc:/opt/java]",
        "tunables.conf [proc:perl]",
      ),
    ).toEqual([
      "program /folder-1/program-1",
      "tunables.conf [proc:/folder-1/program-1]",
      "tunables.conf [proc:program-1]",
      "tunables.conf [proc:/folder-2/program-1]",
      "tunables.conf [proc:program-2]",
    ]);
  });
});
