import { realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KNOWN_ALLOCATORS, libraryOf } from "../../src/native-replay/other-allocators.ts";
import { newFolder } from "../support/run-mallog.ts";

test("a library is found by its allocator's name, without symbolic links", () => {
  const folder = realpathSync(newFolder());
  writeFileSync(join(folder, "libjemalloc-5.so"), "");
  symlinkSync("libjemalloc-5.so", join(folder, "libjemalloc.so.2"));
  expect(libraryOf("jemalloc", [newFolder(), folder])).toEqual({
    ok: join(folder, "libjemalloc-5.so"),
  });
});

test.each(KNOWN_ALLOCATORS)("a missing %s is a line with its package", (name) => {
  expect(libraryOf(name, [newFolder()])).toEqual({
    error: expect.stringMatching(
      /^there is no lib\w+\.so\.\d on this machine; install lib[\w.-]+ \(Debian, Ubuntu\), or give the path of the library$/,
    ),
  });
});
