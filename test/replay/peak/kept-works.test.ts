import { expect, it } from "vitest";
import { type KeptWork, KeptWorks } from "../../../src/replay/peak/kept-works.ts";
import { prepare } from "../../support/prepared-log.ts";

const { work } = prepare(["1 malloc(100) = 0x5555555592a0"]).batches[0]!;

function keptByAReplay(works: KeptWorks): KeptWork {
  const kept = works.keep(work);
  kept.keep();
  kept.release();
  return kept;
}

it("the memory of a batch serves another one once nobody keeps it", () => {
  const works = new KeptWorks(true);
  const first = keptByAReplay(works);
  const { size } = first.work.batch;
  expect(keptByAReplay(works).work.batch.size).not.toBe(size);
  first.release();
  expect(keptByAReplay(works).work.batch.size).toBe(size);
});

it("a batch is copied once, when a replay keeps it, and never if none does", () => {
  const works = new KeptWorks(true);
  const kept = works.keep(work);
  expect(kept.work).toBe(work);
  kept.keep();
  const copy = kept.work;
  expect(copy).not.toBe(work);
  kept.keep();
  expect(kept.work).toBe(copy);

  works.keep(work).release();
  expect(keptByAReplay(works).work).not.toBe(work);
});

it("a batch can be copied at once: its own memory may be filled again while it is replayed", () => {
  const works = new KeptWorks(false);
  const kept = works.copy(work);
  const copy = kept.work;
  expect(copy.batch.size).not.toBe(work.batch.size);
  expect(copy.batch.size[0]).toBe(100);
  kept.keep();
  expect(kept.work).toBe(copy);
  kept.release();
  expect(works.copy(work).work.batch.size).not.toBe(copy.batch.size);
  kept.release();
  expect(works.copy(work).work.batch.size).toBe(copy.batch.size);
});
