import type { ColumnRole, Layout } from "../native/layout.ts";

/** What the user says of a log's lines; it overrules what its first lines show. */
export type GivenShape =
  | { readonly kind: "columns"; readonly columns: GivenColumns }
  | { readonly kind: "pattern"; readonly pattern: string }
  /** the name of a format (../registry.ts) */
  | { readonly kind: "format"; readonly name: string };

/** Roles of the first fields of a line; the fields behind them are not read. */
export interface GivenColumns {
  readonly before: readonly ColumnRole[];
  /** behind the call */
  readonly after: readonly ColumnRole[];
  /** null: the size of the times shows it */
  readonly timeDecimals: Layout["timeDecimals"] | null;
}

const ROLES: Readonly<Record<string, ColumnRole>> = {
  pid: "pid",
  tid: "tid",
  "pid.tid": "pid.tid",
  time: "time",
  caller: "caller",
  "-": "other",
};

const UNITS: Readonly<Record<string, Layout["timeDecimals"]>> = {
  s: 0,
  ms: 3,
  us: 6,
  µs: 6,
  ns: 9,
};

const KNOWN = "pid, tid, pid.tid, time, time:s, time:ms, time:us, time:ns, caller, call, -";

/** `pid,tid,time:ms,-,call,caller` */
export function parseColumns(
  text: string,
): { readonly ok: GivenColumns } | { readonly error: string } {
  const before: ColumnRole[] = [];
  const after: ColumnRole[] = [];
  let timeDecimals: GivenColumns["timeDecimals"] = null;
  let isBehind = false;
  for (const word of text.split(",").map((one) => one.trim())) {
    const [name = "", unit] = word.split(":");
    if (word === "call" && !isBehind) {
      isBehind = true;
      continue;
    }
    const role = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;
    const decimals = unit === undefined || !Object.hasOwn(UNITS, unit) ? undefined : UNITS[unit];
    if (role === undefined || (unit !== undefined && (role !== "time" || decimals === undefined))) {
      const what = word === "call" ? "call is named twice" : `unknown column ${word || '""'}`;
      return { error: `${what}; columns are ${KNOWN}` };
    }
    if (role !== "other" && [...before, ...after].some((one) => clash(one, role))) {
      return { error: `${name} is named twice; name each column once, and others -` };
    }
    timeDecimals = decimals ?? timeDecimals;
    (isBehind ? after : before).push(role);
  }
  return { ok: { before, after, timeDecimals } };
}

function clash(one: ColumnRole, other: ColumnRole): boolean {
  const isId = (role: ColumnRole): boolean => role === "pid" || role === "tid";
  return one === other || (one === "pid.tid" && isId(other)) || (other === "pid.tid" && isId(one));
}
