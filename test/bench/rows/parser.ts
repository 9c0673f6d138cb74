import { type Row, timeRatios } from "../row.ts";

/** mallog --no-model against what one would write in C. */
export const PARSER_ROWS: readonly Row[] = [
  {
    name: "no-model",
    what: "--no-model / C parser that counts",
    target: 1.5,
    stretch: 1.1,
    measure: (workshop, pairs) => {
      const log = workshop.log(5e6);
      return timeRatios(
        workshop,
        pairs,
        `cat ${log} | mallog --no-model`,
        `cat ${log} | parse-log`,
      );
    },
  },
  {
    name: "no-model-live",
    what: "--no-model / C parser that counts live bytes, too",
    target: null,
    stretch: null,
    measure: (workshop, pairs) => {
      const log = workshop.log(5e6);
      const parser = `cat ${log} | parse-log live`;
      return timeRatios(workshop, pairs, `cat ${log} | mallog --no-model`, parser);
    },
  },
];
