import { expect, it } from "vitest";
import * as layout from "../../src/ptmalloc/core-layout.ts";
import { fieldsOf } from "../support/core-fields.ts";

/** The records that TypeScript reads, and the classes of the core that describe them. */
const RECORDS = {
  "ptmalloc/core/model.ts MallocPar": layout.PAR_FIELDS,
  "ptmalloc/core/profile.ts Profile": layout.PROFILE_FIELDS,
  "ptmalloc/core/model.ts Model": layout.MODEL_FIELDS,
  "ptmalloc/core/arena.ts Arena": layout.ARENA_FIELDS,
  "ptmalloc/core/heap.ts Heap": layout.HEAP_FIELDS,
  "ptmalloc/core/mapping.ts Mapping": layout.MAPPING_FIELDS,
  "ptmalloc/core/thread.ts Thread": layout.THREAD_FIELDS,
  "ptmalloc/core/undo-trims.ts Trim": layout.TRIM_FIELDS,
};

it.each(Object.entries(RECORDS))("the layout of %s is that of the core", (where, fields) => {
  const [file, name] = where.split(" ");
  expect(Object.entries(fields)).toEqual(fieldsOf(file!, name!));
});
