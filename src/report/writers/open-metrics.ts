import type { Report, Scenario } from "../contract/report.ts";
import type { Writer } from "./writer.ts";

/**
 * OpenMetrics text: GitLab's metrics reports compare it with the target branch, Prometheus' textfile collector reads it.
 * All metrics are gauges: they describe one finished run.
 */
export const writeOpenMetrics: Writer = ({ report }) => {
  const families = [...ofRun(report), ...PER_SCENARIO.map((figure) => perScenario(report, figure))];
  return `${families
    .filter(({ samples }) => samples.length > 0)
    .map(print)
    .join("")}# EOF\n`;
};

interface Family {
  /** ends with its unit, as OpenMetrics requires */
  readonly name: string;
  readonly help: string;
  readonly unit: "bytes" | "ratio" | null;
  readonly samples: readonly (readonly [labels: string, value: number])[];
}

function ofRun({ complete, trace, threads, live, model }: Report): Family[] {
  const one = (name: string, unit: Family["unit"], help: string, value: number): Family => ({
    name,
    unit,
    help,
    samples: [["", value]],
  });
  const volume = threads.reduce((sum, { volumeBytes }) => sum + volumeBytes, 0);
  const read = "1 if the log was read to its end, 0 if reading was interrupted.";
  const families = [
    one("mallog_complete", null, read, complete ? 1 : 0),
    one("mallog_events", null, "Calls and other events of the log.", trace.events),
    one("mallog_threads", null, "Threads of the log.", trace.threads),
    one("mallog_volume_bytes", "bytes", "Requested bytes, freed or not.", volume),
    one("mallog_live_bytes", "bytes", "Requested bytes not freed at the end.", live.bytes),
    one("mallog_live_blocks", null, "Blocks not freed at the end.", live.blocks),
    one(
      "mallog_live_peak_bytes",
      "bytes",
      "Peak of the requested bytes not freed.",
      live.peakBytes,
    ),
  ];
  if (model === null) {
    return families;
  }
  const fidelity = "Share of the log's pointers that the model reproduced.";
  return [...families, one("mallog_fidelity_ratio", "ratio", fidelity, model.fidelity.ratio)];
}

interface Figure extends Omit<Family, "samples"> {
  readonly of: (scenario: Scenario) => number;
}

const PER_SCENARIO: readonly Figure[] = [
  {
    name: "mallog_rss_bytes",
    unit: "bytes",
    help: "Resident bytes of glibc's heaps and mapped blocks at the end.",
    of: ({ rss }) => rss.endBytes,
  },
  {
    name: "mallog_rss_peak_bytes",
    unit: "bytes",
    help: "Peak of the resident bytes of glibc's heaps and mapped blocks.",
    of: ({ rss }) => rss.peakBytes,
  },
  {
    name: "mallog_system_bytes",
    unit: "bytes",
    help: "Bytes obtained from the kernel and not returned at the end.",
    of: ({ system }) => system.endBytes,
  },
  {
    name: "mallog_in_use_bytes",
    unit: "bytes",
    help: "Sizes of the allocated chunks at the end.",
    of: ({ inUseBytes }) => inUseBytes,
  },
  {
    name: "mallog_internal_fragmentation_ratio",
    unit: "ratio",
    help: "1 - live / in use, at the end.",
    of: ({ fragmentation }) => fragmentation.internal,
  },
  {
    name: "mallog_external_fragmentation_ratio",
    unit: "ratio",
    help: "1 - in use / RSS, at the end.",
    of: ({ fragmentation }) => fragmentation.external,
  },
  {
    name: "mallog_arenas",
    unit: null,
    help: "Arenas, including the main arena.",
    of: ({ arenaCount }) => arenaCount,
  },
];

function perScenario({ scenarios }: Report, { of, ...family }: Figure): Family {
  const samples = scenarios.map((scenario) => {
    return [`{scenario="${labelValue(scenario.name)}"}`, of(scenario)] as const;
  });
  return { ...family, samples };
}

function print({ name, help, unit, samples }: Family): string {
  const lines = [
    `# TYPE ${name} gauge`,
    ...(unit === null ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
    ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** OpenMetrics escapes these three characters only. */
function labelValue(text: string): string {
  return text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
}
