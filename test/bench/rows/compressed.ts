import { type Row, timeRatios } from "../row.ts";

export const COMPRESSED_ROWS: readonly Row[] = [
  {
    name: "gzip",
    what: "default report of a gzip file / of a plain one",
    target: 1.3,
    stretch: 1.1,
    measure: (workshop, pairs) => {
      const log = workshop.log(5e6);
      const gzip = workshop.file(`${log}.gz`, () => workshop.output(`gzip -k ${log}`));
      return timeRatios(workshop, pairs, `mallog ${gzip}`, `mallog ${log}`);
    },
  },
];
