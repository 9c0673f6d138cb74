import { type Row, timeRatios } from "../row.ts";

/** mallog --no-model against a C program for the same task. */
export const PARSER_ROWS: readonly Row[] = [
  {
    name: "parser",
    ratioOf: "--no-model / C parser that counts",
    target: 1.5,
    stretch: 1.1,
    onRequest: true,
    measure: against("parse-log"),
  },
  {
    name: "parser-live",
    ratioOf: "--no-model / C parser that also counts live bytes",
    target: null,
    stretch: null,
    onRequest: true,
    measure: against("parse-log live"),
  },
];

function against(parser: string): Row["measure"] {
  return (sandbox, pairs) => {
    const log = sandbox.log();
    return timeRatios(sandbox, pairs, `cat ${log} | mallog --no-model`, `cat ${log} | ${parser}`);
  };
}
