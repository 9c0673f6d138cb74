import type { CallerSummary, SiteColumns } from "./contract/allocations.ts";
import {
  type Causes,
  type CausesOfScenario,
  REPORT_SCHEMA,
  type Report,
  type Scenario,
  type ThreadSummary,
} from "./contract/report.ts";

/** The parts of a report that diffs and budgets read. A Report is a KnownReport. */
export interface KnownReport extends Pick<Report, "complete" | "live" | "causes" | "pins"> {
  readonly trace: Pick<Report["trace"], "events" | "sources" | "threads">;
  /** null also in a report of a version that did not grade */
  readonly grade: { readonly level: string } | null;
  readonly threads: readonly KnownThread[];
  readonly callers: readonly KnownCaller[];
  readonly sites: Pick<SiteColumns, "tid" | "caller" | "volumeBytes">;
  readonly model: Pick<
    NonNullable<Report["model"]>,
    "glibc" | "cpus" | "settings" | "touch" | "thp"
  > | null;
  readonly scenarios: readonly KnownScenario[];
}

export interface KnownThread
  extends Pick<
    ThreadSummary,
    "tid" | "name" | "volumeBytes" | "liveBytes" | "liveBlocks" | "peakLiveBytes" | "pinnedBytes"
  > {
  readonly calls: Pick<ThreadSummary["calls"], "total">;
}

export type KnownCaller = Pick<
  CallerSummary,
  | "caller"
  | "module"
  | "offset"
  | "symbol"
  | "file"
  | "line"
  | "merged"
  | "calls"
  | "volumeBytes"
  | "liveBytes"
  | "liveBlocks"
  | "liveAtPeakBytes"
>;

export interface KnownScenario
  extends Pick<
    Scenario,
    "name" | "inUseBytes" | "fragmentation" | "failedCalls" | "arenaCount" | "system"
  > {
  readonly rss: Pick<Scenario["rss"], "endBytes" | "peakBytes">;
  readonly arenas: readonly KnownArena[];
}

export type KnownArena = Pick<
  Scenario["arenas"][number],
  "id" | "rssBytes" | "inUseBytes" | "freeBytes" | "systemBytes"
>;

/** A report read from JSON: its checked parts, and all of it unchecked. */
export interface ReadReport {
  readonly known: KnownReport;
  readonly json: unknown;
}

/** The text is not a report of this schema; the message says where it differs. */
export class NotAReport extends Error {}

/**
 * Reads the output of `--json` or `-o FILE.json`. Ignores unknown keys: later versions may add some.
 * @throws NotAReport
 */
export function readReport(text: string): ReadReport {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new NotAReport("not valid JSON");
  }
  const report = new JsonValue(json, "");
  const schema = report.has("schema") ? report.at("schema").value : null;
  if (typeof schema !== "string" || !schema.startsWith("mallog.report/")) {
    throw new NotAReport("not a mallog report");
  }
  if (schema !== REPORT_SCHEMA) {
    throw new NotAReport(
      `has schema ${JSON.stringify(schema)}, not ${JSON.stringify(REPORT_SCHEMA)}: another version of mallog wrote it`,
    );
  }
  return { known: knownReport(report), json };
}

function knownReport(report: JsonValue): KnownReport {
  const live = report.at("live");
  return {
    complete: report.at("complete").flag(),
    trace: {
      events: report.at("trace").at("events").number(),
      threads: report.at("trace").at("threads").number(),
      sources: report
        .at("trace")
        .at("sources")
        .items((source) => source.text()),
    },
    threads: report.at("threads").items(knownThread),
    callers: report.has("callers") ? report.at("callers").items(knownCaller) : [],
    sites: report.has("sites") ? knownSites(report.at("sites")) : NO_SITES,
    live: {
      bytes: live.at("bytes").number(),
      blocks: live.at("blocks").number(),
      peakBytes: live.at("peakBytes").number(),
      peakTime: live.at("peakTime").orNull((time) => time.number()),
    },
    model: report.at("model").orNull((model) => ({
      glibc: model.at("glibc").text(),
      cpus: model.at("cpus").number(),
      settings: model.at("settings").record((value) => value.text()),
      touch: model.at("touch").text(),
      thp: model.at("thp").text(),
    })),
    grade: report.has("grade")
      ? report.at("grade").orNull((grade) => ({ level: grade.at("level").text() }))
      : null,
    scenarios: report.at("scenarios").items(knownScenario),
    ...(report.has("causes") ? { causes: report.at("causes").record(knownCauses) } : {}),
  };
}

function knownThread(thread: JsonValue): KnownThread {
  return {
    tid: thread.at("tid").number(),
    name: thread.at("name").orNull((name) => name.text()),
    calls: { total: thread.at("calls").at("total").number() },
    volumeBytes: thread.at("volumeBytes").number(),
    liveBytes: thread.at("liveBytes").number(),
    liveBlocks: thread.at("liveBlocks").number(),
    peakLiveBytes: thread.at("peakLiveBytes").number(),
    pinnedBytes: thread.at("pinnedBytes").number(),
  };
}

function knownCaller(row: JsonValue): KnownCaller {
  const text = (name: string): string | null => row.at(name).orNull((value) => value.text());
  const number = (name: string): number | null => row.at(name).orNull((value) => value.number());
  return {
    caller: text("caller"),
    module: text("module"),
    offset: number("offset"),
    symbol: text("symbol"),
    file: text("file"),
    line: number("line"),
    merged: row.at("merged").flag(),
    calls: row.at("calls").number(),
    volumeBytes: row.at("volumeBytes").number(),
    liveBytes: row.at("liveBytes").number(),
    liveBlocks: row.at("liveBlocks").number(),
    liveAtPeakBytes: row.at("liveAtPeakBytes").number(),
  };
}

const NO_SITES = { tid: [], caller: [], volumeBytes: [] };

function knownSites(sites: JsonValue): KnownReport["sites"] {
  return {
    tid: sites.at("tid").items((tid) => tid.orNull((value) => value.number())),
    caller: sites.at("caller").items((caller) => caller.orNull((value) => value.text())),
    volumeBytes: sites.at("volumeBytes").items((volume) => volume.number()),
  };
}

function knownCauses(scenario: JsonValue): CausesOfScenario {
  return {
    end: causesIn(scenario.at("end")),
    peak: scenario.at("peak").orNull(causesIn),
  };
}

function causesIn(value: JsonValue): Causes {
  const bytes = (cause: keyof Causes): number => value.at(cause).number();
  return {
    live: bytes("live"),
    mapped: bytes("mapped"),
    overhead: bytes("overhead"),
    unwritten: bytes("unwritten"),
    tcache: bytes("tcache"),
    fastbins: bytes("fastbins"),
    returnable: bytes("returnable"),
    pinned: bytes("pinned"),
    tops: bytes("tops"),
    idleArenas: bytes("idleArenas"),
    unlogged: bytes("unlogged"),
  };
}

function knownScenario(scenario: JsonValue): KnownScenario {
  const rss = scenario.at("rss");
  const system = scenario.at("system");
  const fragmentation = scenario.at("fragmentation");
  return {
    name: scenario.at("name").text(),
    rss: { endBytes: rss.at("endBytes").number(), peakBytes: rss.at("peakBytes").number() },
    system: {
      endBytes: system.at("endBytes").number(),
      peakBytes: system.at("peakBytes").number(),
    },
    inUseBytes: scenario.at("inUseBytes").number(),
    fragmentation: {
      internal: fragmentation.at("internal").number(),
      external: fragmentation.at("external").number(),
    },
    failedCalls: scenario.at("failedCalls").number(),
    arenaCount: scenario.at("arenaCount").number(),
    arenas: scenario.at("arenas").items((arena) => ({
      id: arena.at("id").number(),
      rssBytes: arena.at("rssBytes").number(),
      inUseBytes: arena.at("inUseBytes").number(),
      freeBytes: arena.at("freeBytes").number(),
      systemBytes: arena.at("systemBytes").number(),
    })),
  };
}

/** A JSON value and its path, which the messages of errors name. */
class JsonValue {
  readonly value: unknown;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    this.value = value;
    this.#path = path;
  }

  has(name: string): boolean {
    return this.#isObject() && Object.hasOwn(Object(this.value), name);
  }

  at(name: string): JsonValue {
    const path = this.#path === "" ? name : `${this.#path}.${name}`;
    if (!this.has(name)) {
      throw new NotAReport(`has no ${path}`);
    }
    return new JsonValue(Object.getOwnPropertyDescriptor(this.value, name)?.value, path);
  }

  number(): number {
    return typeof this.value === "number" ? this.value : this.#isNot("a number");
  }

  text(): string {
    return typeof this.value === "string" ? this.value : this.#isNot("a string");
  }

  flag(): boolean {
    return typeof this.value === "boolean" ? this.value : this.#isNot("true or false");
  }

  orNull<T>(read: (value: JsonValue) => T): T | null {
    return this.value === null ? null : read(this);
  }

  items<T>(read: (value: JsonValue) => T): T[] {
    if (!Array.isArray(this.value)) {
      return this.#isNot("a list");
    }
    return this.value.map((value: unknown, i) => read(new JsonValue(value, `${this.#path}[${i}]`)));
  }

  record<T>(read: (value: JsonValue) => T): Record<string, T> {
    if (!this.#isObject()) {
      return this.#isNot("an object");
    }
    const entries = Object.entries(Object(this.value));
    return Object.fromEntries(
      entries.map(([name, value]) => [name, read(new JsonValue(value, `${this.#path}.${name}`))]),
    );
  }

  #isObject(): boolean {
    return typeof this.value === "object" && this.value !== null && !Array.isArray(this.value);
  }

  #isNot(expected: string): never {
    throw new NotAReport(`has ${this.#path || "something"} that is not ${expected}`);
  }
}
