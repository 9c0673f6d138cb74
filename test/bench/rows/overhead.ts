import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { RECORDERS, Recording } from "../recorders.ts";
import { type BytesPerCall, costRatios, type Measured, type Row } from "../row.ts";
import type { Sandbox } from "../sandbox.ts";

type RecorderName = keyof typeof RECORDERS;

const RIVALS = ["heaptrack", "heaptrack-raw", "massif", "ltrace"] as const;

/** A program that is recorded. */
interface Program {
  readonly name: string;
  readonly needs: string;
  /** The command line of a run with many calls, or with a few thousand: ltrace stops the program twice at each. */
  readonly command: (sandbox: Sandbox, amount: "many" | "few") => string;
  /** The command line of a load, which runs beside the program and ends it; it is not recorded, but its time counts. */
  readonly load?: (amount: "many" | "few") => string;
  /** recorders that fail with it */
  readonly fails?: readonly RecorderName[];
}

const HOOK_SOURCE = fileURLToPath(new URL("../../../src/native/hook.c", import.meta.url));

const JARS_SOURCE = fileURLToPath(new URL("../../support/InflateJars.java", import.meta.url));

/** Debian's is linked with jemalloc: REDIS_SERVER names one that was built with MALLOC=libc. */
const REDIS = process.env.REDIS_SERVER ?? "redis-server";

const SQL = (rows: number) => `
create table t (a integer primary key, b text, c text);
with recursive n (i) as (select 1 union all select i + 1 from n where i < ${rows})
  insert into t select i, hex(i * 7919), printf('row %d', i) from n;
create index b on t (b);
select b, count(*) from t group by c order by b limit 5;
`;

const PYTHON = (rows: number) => `
import json
rows = [{"id": i, "name": "n" * (i % 900), "tags": [str(j) for j in range(i % 40)]} for i in range(${rows})]
print(len(json.loads(json.dumps(rows))))
`;

const PROGRAMS: readonly Program[] = [
  {
    name: "threads",
    needs: "gcc",
    command: () => "./allocate 4000000 16 100000",
    // An assertion in ltrace fails at times, if there are threads.
    fails: ["ltrace"],
  },
  {
    name: "sqlite",
    needs: "sqlite3",
    command: (sandbox, amount) =>
      `sqlite3 :memory: ".read ${file(sandbox, `${amount}.sql`, SQL(amount === "many" ? 100_000 : 100))}"`,
  },
  {
    name: "python",
    needs: "/usr/bin/python3",
    command: (sandbox, amount) =>
      `/usr/bin/python3 ${file(sandbox, `${amount}.py`, PYTHON(amount === "many" ? 20_000 : 10))}`,
  },
  {
    name: "jvm",
    needs: "java",
    // ltrace ends with "unexpected breakpoint".
    fails: ["ltrace"],
    command: (sandbox) => {
      const folder = sandbox.file("jars", mkdirSync);
      return `java ${JARS_SOURCE} ${folder} 6 60 10`;
    },
  },
  {
    name: "redis",
    needs: REDIS,
    command: () => `${REDIS} --port 0 --unixsocket redis.sock --save '' --appendonly no`,
    load: (amount) => {
      const calls = amount === "many" ? "-n 150000" : "-n 200";
      const benchmark = `redis-benchmark -s redis.sock -q -P 16 -r 20000 -d 300 ${calls} -t set,lpush,hset`;
      return `until redis-cli -s redis.sock ping 2> /dev/null; do sleep 0.01; done; ${benchmark}; redis-cli -s redis.sock shutdown nosave`;
    },
  },
  {
    name: "cc1",
    needs: "gcc",
    // heaptrack_interpret 1.4 fails with std::bad_alloc.
    fails: ["heaptrack"],
    command: (sandbox, amount) => {
      const cc1 = sandbox.file("cc1", (path) =>
        symlinkSync(sandbox.output("gcc -print-prog-name=cc1").trim(), path),
      );
      const source =
        amount === "few"
          ? file(sandbox, "few.i", "int next(int x) { return x + 1; }\n")
          : sandbox.file("hook.i", () => sandbox.output(`gcc -E -o hook.i ${HOOK_SOURCE}`));
      return `./${cc1} -quiet -fpreprocessed -O2 ${source} -o /dev/null`;
    },
  },
];

function file(sandbox: Sandbox, name: string, content: string): string {
  return sandbox.file(name, (path) => writeFileSync(path, content));
}

/** What it costs a program to be recorded: the hook against no hook and other recorders, and mallog record against one. */
export const OVERHEAD_ROWS: readonly Row[] = PROGRAMS.flatMap((program) => [
  row(program, "hook", "none", { stretch: program.name === "threads" ? 5 : null }),
  ...RIVALS.filter((rival) => program.fails?.includes(rival) !== true).map((rival) =>
    row(program, "hook", rival, { target: rival.startsWith("heaptrack") ? 1 : null }),
  ),
  row(program, "record", "none"),
  row(program, "record", "heaptrack-raw"),
  ...(program.fails?.includes("heaptrack") === true ? [] : [row(program, "record", "heaptrack")]),
]);

function row(
  program: Program,
  ours: "hook" | "record",
  rival: RecorderName,
  { target = null, stretch = null }: { target?: number | null; stretch?: number | null } = {},
): Row {
  return {
    name: `${ours}-${program.name}${rival === "none" ? "" : `-${rival}`}`,
    ratioOf: `${ours === "hook" ? "hook" : "mallog record"} / ${rival === "none" ? "unrecorded" : rival}`,
    target,
    stretch,
    onRequest: true,
    needs: [program.needs, ...RECORDERS[rival].needs],
    measure: (sandbox, pairs) => {
      const amount = rival === "ltrace" ? "few" : "many";
      const command = program.command(sandbox, amount);
      const load = program.load?.(amount) ?? null;
      return recorded(
        pairs,
        sandbox,
        new Recording(sandbox, RECORDERS[ours], command, load),
        new Recording(sandbox, RECORDERS[rival], command, load),
      );
    },
  };
}

function recorded(pairs: number, sandbox: Sandbox, ours: Recording, rival: Recording): Measured {
  const ratios = costRatios(
    pairs,
    () => ours.run(),
    () => rival.run(),
  );
  const bytes = bytesPerCall(sandbox, ours, rival);
  ours.remove();
  rival.remove();
  return { ...ratios, bytes };
}

/** Of the last run of each. */
function bytesPerCall(sandbox: Sandbox, ours: Recording, rival: Recording): BytesPerCall {
  const calls = callsIn(sandbox, ours.file!);
  const perCall = (bytes: number | null) => (bytes === null ? null : bytes / calls);
  return {
    calls,
    log: ours.bytes! / calls,
    logGzipped: ours.gzippedBytes! / calls,
    rival: perCall(rival.bytes),
    rivalGzipped: perCall(rival.gzippedBytes),
  };
}

/** The calls of a log, which may be compressed: neither comments nor ends of threads. */
export function callsIn(sandbox: Sandbox, log: string): number {
  return Number(sandbox.output(`gzip -cdf ${log} | grep -vc -e '^#' -e 'thread_exit('`));
}
