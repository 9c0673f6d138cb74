import { writeFileSync } from "node:fs";
import { casesOf, logOf, OWN_CORPUS } from "../../support/corpus.ts";
import { inTurns, type Measured, type Row, timeRatios } from "../row.ts";
import type { Workshop } from "../workshop.ts";

/** mallog against the field's habit, the shell pipeline that only counts. */
export const PIPELINE_ROWS: readonly Row[] = [
  {
    name: "report",
    what: "default report / pipeline",
    target: 1,
    stretch: 0.7,
    measure: (workshop, pairs) => againstPipeline(workshop, pairs, workshop.log(5e6), "mallog"),
  },
  {
    name: "no-what-if",
    what: "--no-what-if / pipeline",
    target: 0.5,
    stretch: 0.35,
    measure: (workshop, pairs) =>
      againstPipeline(workshop, pairs, workshop.log(5e6), "mallog --no-what-if"),
  },
  {
    name: "further-scenario",
    what: "a further --what-if / pipeline",
    target: 0.15,
    stretch: 0.1,
    measure: furtherScenario,
  },
  {
    name: "report-1m",
    what: "default report, 1 M calls / pipeline",
    target: null,
    stretch: null,
    measure: (workshop, pairs) => againstPipeline(workshop, pairs, workshop.log(1e6), "mallog"),
  },
  {
    name: "report-corpus",
    what: "default report, each log of the corpus / pipeline",
    target: null,
    stretch: null,
    measure: againstPipelineOnCorpus,
  },
];

export function pipeline(log: string): string {
  return `cat ${log} | mawk '{print $1}' | sort | uniq -c | sort -rn`;
}

function againstPipeline(workshop: Workshop, pairs: number, log: string, mallog: string): Measured {
  return timeRatios(workshop, pairs, `cat ${log} | ${mallog}`, pipeline(log));
}

function againstPipelineOnCorpus(workshop: Workshop, pairs: number): Measured {
  for (const one of casesOf(OWN_CORPUS)) {
    const log = logOf(one, "default");
    if (log !== null) {
      workshop.file(`${one.name}.case`, (path) => writeFileSync(path, log));
    }
  }
  const each = (command: string) => `for log in *.case; do ${command}; done`;
  return timeRatios(workshop, pairs, each("cat $log | mallog"), each(pipeline("$log")));
}

/** As many as the default set has, and then more, of which no two share work and none has threads share arenas anew. */
const DEFAULT_WHAT_IFS = [
  "malloc_trim=end",
  "MALLOC_ARENA_MAX=1",
  "MALLOC_ARENA_MAX=2",
  "MALLOC_ARENA_MAX=1,malloc_trim=end",
];
const FURTHER_WHAT_IFS = [
  "MALLOC_TOP_PAD_=1048576",
  "MALLOC_MMAP_THRESHOLD_=65536",
  "MALLOC_MMAP_THRESHOLD_=4194304",
  "MALLOC_TRIM_THRESHOLD_=1048576",
];

function furtherScenario(workshop: Workshop, pairs: number): Measured {
  const log = workshop.log(5e6);
  const report = (settings: readonly string[]) =>
    `cat ${log} | mallog ${settings.map((one) => `--what-if ${one}`).join(" ")}`;
  const rounds = inTurns(pairs, [
    () => workshop.cost(report([...DEFAULT_WHAT_IFS, ...FURTHER_WHAT_IFS])),
    () => workshop.cost(report(DEFAULT_WHAT_IFS)),
    () => workshop.cost(pipeline(log)),
  ]);
  const ratios = (key: "wallSeconds" | "processorSeconds") =>
    rounds.map(
      ([more, less, piped]) => (more![key] - less![key]) / FURTHER_WHAT_IFS.length / piped![key],
    );
  return { ratios: ratios("wallSeconds"), processor: ratios("processorSeconds") };
}
