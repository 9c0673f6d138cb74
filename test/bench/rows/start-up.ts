import { type Row, timeRatios } from "../row.ts";
import type { Workshop } from "../workshop.ts";

/** mallog where it has nothing to do, against node where it has nothing to do. */
export const START_UP_ROWS: readonly Row[] = [
  {
    name: "start-up",
    what: "mallog --version / node -e 0",
    target: 1.4,
    stretch: 1.2,
    measure: (workshop, pairs) =>
      timeRatios(workshop, pairs, manyTimes("mallog --version"), manyTimes("node -e 0")),
  },
  {
    name: "start-up-report",
    what: "report of a log of five lines / node -e 0",
    target: 1.4,
    stretch: 1.2,
    measure: (workshop, pairs) =>
      timeRatios(
        workshop,
        pairs,
        manyTimes(`mallog ${fiveLines(workshop)}`),
        manyTimes("node -e 0"),
      ),
  },
];

/** One start alone is too short for the clock of a busy machine. */
function manyTimes(command: string): string {
  return `for i in 1 2 3 4 5 6 7 8 9 10; do ${command}; done`;
}

function fiveLines(workshop: Workshop): string {
  const log = workshop.log(1e6);
  return workshop.file("five-lines.log", () => workshop.output(`head -5 ${log} > five-lines.log`));
}
