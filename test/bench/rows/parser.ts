import { type Row, timeRatios } from "../row.ts";

/** mallog --no-model against a C program for the same task. */
export const PARSER_ROWS: readonly Row[] = [
  {
    name: "no-model",
    ratioOf: "--no-model / C parser that counts",
    target: 1.5,
    stretch: 1.1,
    measure: (sandbox, pairs) => {
      const log = sandbox.log(5e6);
      return timeRatios(sandbox, pairs, `cat ${log} | mallog --no-model`, `cat ${log} | parse-log`);
    },
  },
  {
    name: "no-model-live",
    ratioOf: "--no-model / C parser that also counts live bytes",
    target: null,
    stretch: null,
    measure: (sandbox, pairs) => {
      const log = sandbox.log(5e6);
      const parser = `cat ${log} | parse-log live`;
      return timeRatios(sandbox, pairs, `cat ${log} | mallog --no-model`, parser);
    },
  },
];
