import { type Row, timeRatios } from "../row.ts";
import type { Sandbox } from "../sandbox.ts";

/** mallog with nothing to do, against node with nothing to do. */
export const START_UP_ROWS: readonly Row[] = [
  {
    name: "start-up",
    ratioOf: "mallog --version / node -e 0",
    target: 1.4,
    stretch: null,
    onRequest: false,
    measure: (sandbox, pairs) =>
      timeRatios(sandbox, pairs, manyTimes("mallog --version"), manyTimes("node -e 0")),
  },
  {
    name: "start-up-report",
    ratioOf: "report of a log of five lines / node -e 0",
    target: 2,
    stretch: null,
    onRequest: false,
    measure: (sandbox, pairs) =>
      timeRatios(sandbox, pairs, manyTimes(`mallog ${fiveLines(sandbox)}`), manyTimes("node -e 0")),
  },
];

/** A single start is too short to measure on a busy machine. */
function manyTimes(command: string): string {
  return `for i in 1 2 3 4 5 6 7 8 9 10; do ${command}; done`;
}

function fiveLines(sandbox: Sandbox): string {
  const log = sandbox.log({ events: 1e6 });
  return sandbox.file("five-lines.log", () => sandbox.output(`head -5 ${log} > five-lines.log`));
}
