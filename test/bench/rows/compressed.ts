import { type Row, timeRatios } from "../row.ts";

export const COMPRESSED_ROWS: readonly Row[] = [
  {
    name: "gzip",
    ratioOf: "default report of a gzip file / of a plain one",
    target: 1.3,
    stretch: 1.1,
    onRequest: true,
    measure: (sandbox, pairs) => {
      const log = sandbox.log();
      const gzip = sandbox.file(`${log}.gz`, () => sandbox.output(`gzip -k ${log}`));
      return timeRatios(sandbox, pairs, `mallog ${gzip}`, `mallog ${log}`);
    },
  },
];
