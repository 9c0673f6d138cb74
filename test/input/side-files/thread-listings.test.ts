import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { threadListingIn } from "../../../src/input/side-files/thread-listings.ts";

function namesIn(text: string) {
  return threadListingIn(text, "a")?.threads.map(({ tid, name }) => [tid, name]) ?? null;
}

describe("a listing of threads", () => {
  it.each([
    ["grep", "/proc/16342/task/16342/comm:java\n/proc/16342/task/16350/comm:GC Thread#0\n"],
    [
      "grep in the process's folder",
      "/proc/self/task/16342/comm:java\n/proc/self/task/16350/comm:GC Thread#0\n",
    ],
    [
      "head",
      "==> /proc/16342/task/16342/comm <==\njava\n\n==> /proc/16342/task/16350/comm <==\nGC Thread#0\n",
    ],
    ["ps -eLo tid,comm", "    TID COMMAND\n  16342 java\n  16350 GC Thread#0\n"],
    [
      "ps -eLo pid,lwp,comm",
      "    PID     LWP COMMAND\n  16342   16342 java\n  16342   16350 GC Thread#0\n",
    ],
    [
      "ps -L",
      "    PID     LWP TTY          TIME CMD\n  16342   16342 ?        00:00:00 java\n  16342   16350 ?        00:00:00 GC Thread#0\n",
    ],
    [
      "ps -T",
      "    PID    SPID TTY          TIME CMD\n  16342   16342 ?        00:00:00 java\n  16342   16350 ?        00:00:00 GC Thread#0\n",
    ],
    ["the lines of a log", "# hook mallog 1\n# thread 16342 java\n# thread 16350 GC Thread#0\n"],
  ])("of %s has names by id", (_, text) => {
    expect(namesIn(text)).toEqual([
      [16342, "java"],
      [16350, "GC Thread#0"],
    ]);
    expect(namesIn(text.replaceAll("\n", "\r\n"))).toEqual(namesIn(text));
  });

  it("keeps the spaces that a name begins with", () => {
    expect(namesIn("TID COMMAND\n7  x\n")).toEqual([[7, " x"]]);
  });

  it("is not one of command lines", () => {
    expect(
      namesIn(
        "UID    PID  PPID   LWP  C NLWP STIME TTY          TIME CMD\nroot 16342 26848 16342  1   21 01:28 ?        00:00:00 java\n",
      ),
    ).toBeNull();
    expect(namesIn("TID COMMAND\n16342 java -Xmx256m -jar app.jar\n")).toBeNull();
  });

  it("is not one of top, which cuts names, or of processes", () => {
    const top =
      "    PID USER      PR  NI %CPU     TIME+ COMMAND\n  16342 root      20   0  0.0   0:00.03 GC Thread+\n";
    expect(namesIn(top)).toBeNull();
    expect(namesIn("  PID CMD\n16342 java\n")).toBeNull();
  });

  it("is not any text with numbers and words", () => {
    expect(namesIn("16342 java\n16350 GC Thread#0\n")).toBeNull();
    expect(namesIn("16342 00:00:00.000431 [0x00000000] malloc(20) = 0xf0005ae0\n")).toBeNull();
  });
});

it("any bytes give whole ids and names of a line", () => {
  const piece = fc.constantFrom(
    "TID COMMAND",
    "/proc/1/task/2/comm:",
    "==> /proc/1/task/2/comm <==",
    "\n",
    "# thread 3 ",
    "12 ",
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(piece, fc.string({ unit: "binary" })), { maxLength: 40 }),
      (parts) => {
        for (const [tid, name] of namesIn(parts.join("")) ?? []) {
          expect(Number.isInteger(tid)).toBe(true);
          expect(name).not.toMatch(/\n|^$/);
        }
      },
    ),
  );
});
