import type { Row } from "../row.ts";
import { COMPRESSED_ROWS } from "./compressed.ts";
import { GLIBC_ROWS } from "./glibc.ts";
import { GROWTH_ROWS } from "./growth.ts";
import { MEMORY_ROWS } from "./memory.ts";
import { OVERHEAD_ROWS } from "./overhead.ts";
import { PARSER_ROWS } from "./parser.ts";
import { PIPELINE_ROWS } from "./pipeline.ts";
import { RIVAL_ROWS } from "./rivals.ts";
import { START_UP_ROWS } from "./start-up.ts";

export const ROWS: readonly Row[] = [
  ...PIPELINE_ROWS,
  ...RIVAL_ROWS,
  ...START_UP_ROWS,
  ...MEMORY_ROWS,
  ...PARSER_ROWS,
  ...GLIBC_ROWS,
  ...COMPRESSED_ROWS,
  ...GROWTH_ROWS,
  ...OVERHEAD_ROWS,
];
