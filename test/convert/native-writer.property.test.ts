import fc from "fast-check";
import { expect, test } from "vitest";
import { NativeWriter } from "../../src/convert/native-writer.ts";
import { NATIVE_FORMAT } from "../../src/input/formats/native/layout.ts";
import { Op } from "../../src/trace/event.ts";
import { type ReadLog, scanChunks } from "../support/collect.ts";
import { logInChunks } from "../support/native-arbitraries.ts";
import { readAsInput, rewritten } from "../support/rewritten.ts";

/** A name that is an address once the line breaks around it, and the like, are gone. */
const POINTER = /^(?:0x)?[\da-f]{1,16}$|^(?:nil|\(nil\)|NULL)$/i;

const numRuns = Number(process.env.RUNS ?? 500);

/** Lines have other numbers where some were left out. A label is compared as text, which need not have been valid UTF-8. */
function content({ events, notes, diagnostics: { markLabels } }: ReadLog) {
  return {
    events: events.map(({ line: _, align, ...event }) => ({
      ...event,
      align: event.op === Op.mark ? markLabels.get(align) : align,
    })),
    notes: notes.flatMap(({ line: _, ...note }) => (note.text === NATIVE_FORMAT ? [] : [note])),
  };
}

test("what is written is read back as the same events and comments, with every line parsed", async () => {
  await fc.assert(
    fc.asyncProperty(logInChunks, async (chunks) => {
      const read = await readAsInput(chunks);
      fc.pre(!read.diagnostics.callerNames.some((name) => POINTER.test(name)));
      const { text } = await rewritten((texts) => new NativeWriter(texts), chunks);
      const again = await scanChunks([Buffer.from(text)]);
      expect(content(again)).toEqual(content(read));
      const { lines, callerNames } = again.diagnostics;
      const { parsed } = read.diagnostics.lines;
      expect(lines).toMatchObject({ parsed, malformed: 0, blank: 0 });
      // A column of pids is written as comments.
      const stated = read.notes.filter(({ text }) => text !== NATIVE_FORMAT).length;
      expect(lines.comments - stated).toBe(callerNames.length === 0 ? 0 : 1);
      expect(callerNames).toEqual(read.diagnostics.callerNames);
    }),
    { numRuns, interruptAfterTimeLimit: 120_000 },
  );
});
