import { expect, it } from "vitest";
import { KeptWorks } from "../../../src/replay/peak/kept-works.ts";
import { prepare } from "../../support/prepared-log.ts";

const { work } = prepare(["1 malloc(100) = 0x5555555592a0"]).batches[0]!;

it("the memory of a batch serves another one once nobody keeps it", () => {
  const works = new KeptWorks(true);
  const first = works.keep(work);
  first.keep();
  first.release();
  expect(works.keep(work).work.batch.size).not.toBe(first.work.batch.size);
  first.release();
  expect(works.keep(work).work.batch.size).toBe(first.work.batch.size);
});
