import { writeFileSync } from "node:fs";
import { casesOf, logOf, OWN_CORPUS } from "../../support/corpus.ts";
import { inTurns, type Measured, type Row, timeRatios } from "../row.ts";
import { type Calls, MANY_LIVE, type Sandbox } from "../sandbox.ts";

/** mallog against the usual shell pipeline, which only counts lines. */
export const PIPELINE_ROWS: readonly Row[] = [
  {
    name: "report",
    ratioOf: "default report / pipeline",
    target: 1.2,
    stretch: 0.9,
    onRequest: false,
    measure: againstPipeline("mallog"),
  },
  {
    name: "no-what-if",
    ratioOf: "--no-what-if / pipeline",
    target: 0.6,
    stretch: 0.5,
    onRequest: false,
    measure: againstPipeline("mallog --no-what-if"),
  },
  {
    name: "no-model",
    ratioOf: "--no-model / pipeline",
    target: 0.45,
    stretch: 0.35,
    onRequest: false,
    measure: againstPipeline("mallog --no-model"),
  },
  {
    name: "further-scenario",
    ratioOf: "a further --what-if / pipeline",
    target: 0.15,
    stretch: 0.1,
    onRequest: false,
    measure: furtherScenario,
  },
  {
    name: "report-1m",
    ratioOf: "default report, 1 M calls / pipeline",
    target: 1.8,
    stretch: null,
    onRequest: false,
    measure: againstPipeline("mallog", { events: 1e6 }),
  },
  {
    name: "report-20m",
    ratioOf: "default report, 20 M calls / pipeline",
    target: 1.2,
    stretch: null,
    onRequest: true,
    measure: againstPipeline("mallog", { events: 20e6 }),
  },
  {
    name: "report-500-threads",
    ratioOf: "default report, 500 threads / pipeline",
    target: 1.5,
    stretch: null,
    onRequest: true,
    measure: againstPipeline("mallog", { threads: 500 }),
  },
  {
    name: "report-3m-live",
    ratioOf: "default report, 3 M live blocks / pipeline",
    target: 2,
    stretch: null,
    onRequest: true,
    measure: againstPipeline("mallog", MANY_LIVE),
  },
  {
    name: "report-corpus",
    ratioOf: "default report, each log of the corpus / pipeline",
    target: null,
    stretch: null,
    onRequest: true,
    measure: againstPipelineOnCorpus,
  },
];

export function pipeline(log: string): string {
  return `cat ${log} | mawk '{print $1}' | sort | uniq -c | sort -rn`;
}

function againstPipeline(mallog: string, calls: Partial<Calls> = {}): Row["measure"] {
  return (sandbox, pairs) => {
    const log = sandbox.log(calls);
    return timeRatios(sandbox, pairs, `cat ${log} | ${mallog}`, pipeline(log));
  };
}

function againstPipelineOnCorpus(sandbox: Sandbox, pairs: number): Measured {
  for (const one of casesOf(OWN_CORPUS)) {
    const log = logOf(one, "default");
    if (log !== null) {
      sandbox.file(`${one.name}.case`, (path) => writeFileSync(path, log));
    }
  }
  const each = (command: string) => `for log in *.case; do ${command}; done`;
  return timeRatios(sandbox, pairs, each("cat $log | mallog"), each(pipeline("$log")));
}

/** The default set, and further settings of which no two share a model, and none makes threads share arenas. */
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

function furtherScenario(sandbox: Sandbox, pairs: number): Measured {
  const log = sandbox.log();
  const report = (settings: readonly string[]) =>
    `cat ${log} | mallog ${settings.map((one) => `--what-if ${one}`).join(" ")}`;
  const rounds = inTurns(pairs, [
    () => sandbox.cost(report([...DEFAULT_WHAT_IFS, ...FURTHER_WHAT_IFS])),
    () => sandbox.cost(report(DEFAULT_WHAT_IFS)),
    () => sandbox.cost(pipeline(log)),
  ]);
  const ratios = (key: "wallSeconds" | "processorSeconds") =>
    rounds.map(
      ([more, less, piped]) => (more![key] - less![key]) / FURTHER_WHAT_IFS.length / piped![key],
    );
  return { ratios: ratios("wallSeconds"), processor: ratios("processorSeconds") };
}
