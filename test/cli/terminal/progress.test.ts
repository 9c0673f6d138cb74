import { describe, expect, test } from "vitest";
import { Progress, progressLine } from "../../../src/cli/terminal/progress.ts";
import { FakeOutput } from "../../support/fake-io.ts";

const MiB = 1024 ** 2;

describe("the line", () => {
  test("known total: share and time left", () => {
    const line = progressLine({ bytes: 312 * MiB, totalBytes: 1200 * MiB, events: 4_512_000 }, 2.1);
    expect(line).toBe("312 MiB of 1,200 MiB, 26.0 %, 4,512,000 events, 2,148,571/s, 6 s left");
  });

  test("unknown total: bytes read", () => {
    const line = progressLine({ bytes: 35 * MiB, totalBytes: null, events: 20_000_000 }, 4);
    expect(line).toBe("35 MiB read, 20.0 M events, 5,000,000/s");
  });

  test("no time left before the first byte", () => {
    expect(progressLine({ bytes: 0, totalBytes: 100, events: 0 }, 1)).not.toContain("left");
  });
});

describe("painting", () => {
  const at = { bytes: 1, totalBytes: null, events: 1 };

  test("at most five times a second, within the width, erased at the end", () => {
    let now = 0;
    const stream = new FakeOutput({ columns: 20 });
    const progress = new Progress(stream, 20, () => now);
    for (; now < 1000; now += 10) {
      progress.update(at);
    }
    const lines = stream.text.split("\r\u001b[K").slice(1);
    expect(lines.length).toBe(4);
    for (const line of lines) {
      expect(line.length).toBeLessThan(20);
    }
    progress.clear();
    expect(stream.text.endsWith("\r\u001b[K")).toBe(true);
  });

  test("a short run paints and clears nothing", () => {
    const stream = new FakeOutput({ columns: 20 });
    const progress = new Progress(stream, 20, () => 0);
    progress.update(at);
    progress.clear();
    expect(stream.text).toBe("");
  });
});
