import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { MomentGate } from "../../src/shrink/moment-gate.ts";
import { ShrinkingWriter } from "../../src/shrink/shrinking-writer.ts";
import { rewritten } from "../support/rewritten.ts";
import { reportOfText } from "../support/shrunk-log.ts";

const LEAK = fileURLToPath(new URL("../../fixtures/runs/leak.log.gz", import.meta.url));

test("what is live at a window's end is what is live there in the whole log", async () => {
  const lines = gunzipSync(readFileSync(LEAK))
    .toString()
    .split(/(?<=\n)/);
  const [from, to] = [Math.floor(lines.length / 3), Math.floor(lines.length / 2)];
  const gate = (line: number) => new MomentGate({ kind: "line", line });
  const { text, writer } = await rewritten(
    () => new ShrinkingWriter({ from: gate(from), to: gate(to) }),
    lines.join(""),
  );
  const { live } = await reportOfText(text);
  const whole = await reportOfText(lines.slice(0, to).join(""));
  expect(live.bytes).toBe(whole.live.bytes);
  expect(live.blocks).toBe(whole.live.blocks);
  expect(live.bytes).toBeGreaterThan(0);
  expect(writer.blocksBefore).toBeGreaterThan(0);
  expect(writer.events).toBeLessThan(to);
});
