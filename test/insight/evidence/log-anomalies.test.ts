import { expect, test } from "vitest";
import {
  anomalySentences,
  malformedSentence,
} from "../../../src/insight/evidence/log-anomalies.ts";
import { NO_ANOMALIES, trace } from "../../support/report-builder.ts";

test("only anomalies that occur", () => {
  expect(anomalySentences(NO_ANOMALIES)).toEqual([]);
  expect(anomalySentences({ ...NO_ANOMALIES, impossibleSize: 2, freeUnknown: 1 })).toEqual([
    "1 free of pointers that no logged call returned",
    "2 calls with a size or alignment beyond what a process can address, left out",
  ]);
});

test("malformed lines, with the number of overlong ones", () => {
  const lines = { total: 9, parsed: 4, comments: 0, malformed: 5, blank: 0 };
  const sentence = (overlong: number): string | null =>
    malformedSentence(trace({ lines, malformedKinds: { unparsable: 5 - overlong, overlong } }));
  expect(sentence(0)).toBe("5 of 9 lines could not be parsed, for example:");
  expect(sentence(1)).toBe("5 of 9 lines could not be parsed (1 of them overlong), for example:");
  expect(malformedSentence(trace())).toBeNull();
});
