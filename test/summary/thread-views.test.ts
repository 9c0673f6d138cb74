import { expect, it } from "vitest";
import { analyse, UNKNOWN_PROCESS } from "../support/corpus.ts";

const OPTIONS = { ...UNKNOWN_PROCESS, glibc: "2.36" };

function threadsOf(...lines: string[]) {
  return analyse(Buffer.from(lines.map((line) => `${line}\n`).join("")), OPTIONS).threads;
}

it("a thread of the report prints all figures as JSON, and equals another with the same ones only", () => {
  const [thread] = threadsOf("7 1.5 malloc(24) = 0x5555555592a0", "7 2.5 free(0x5555555592a0)");
  expect(JSON.parse(JSON.stringify(thread))).toEqual({
    tid: 7,
    name: null,
    topFrame: null,
    calls: { malloc: 1, calloc: 0, realloc: 0, memalign: 0, free: 1, total: 2 },
    lines: 2,
    failedCalls: 0,
    volumeBytes: 24,
    liveBytes: 0,
    liveBlocks: 0,
    peakLiveBytes: 24,
    freedByOthersBytes: 0,
    freedForOthersBytes: 0,
    takenFromOthers: 0,
    pinnedBytes: 0,
    arenas: [0],
    firstTime: 0,
    lastTime: 1,
    liveTimeline: [24, 24],
  });
  const [same] = threadsOf("7 1.5 malloc(24) = 0x5555555592a0", "7 2.5 free(0x5555555592a0)");
  const [other] = threadsOf("7 1.5 malloc(25) = 0x5555555592a0", "7 2.5 free(0x5555555592a0)");
  expect(thread).toEqual(same);
  expect(thread).not.toEqual(other);
});
