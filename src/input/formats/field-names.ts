/** What a named field of a record is: the head of a CSV column, or a key of JSON. */
export type FieldRole =
  | "op"
  /** the block: what the call returned, or what it frees */
  | "pointer"
  /** what the call returned, where `pointer` may be what it was given */
  | "result"
  /** the block given to realloc */
  | "old"
  | "size"
  /** calloc's number of elements */
  | "count"
  | "align"
  | "tid"
  | "pid"
  | "time"
  | "caller"
  /** an array, or text with commas: the arguments as in C */
  | "arguments"
  | "other";

const NAMES: Readonly<Record<Exclude<FieldRole, "other">, string>> = {
  op: "op call event type func function fn name operation kind action method api alloctype eventtype msg message",
  pointer: "ptr pointer addr address block mem memory pointerout p",
  result:
    "result ret retval return returned returnvalue new newptr newaddr newaddress newpointer out ptrout rv",
  old: "old oldptr oldaddr oldaddress oldpointer prev prevptr from ptrin pointerin inptr origptr original previous",
  size: "size bytes len length nbytes sz requested newsize amount reqsize requestsize allocsize sizebytes",
  count: "count nmemb num nelem n elements nmembers",
  align: "align alignment",
  tid: "tid vtid thread threadid lwp thr threadname",
  pid: "pid vpid process processid",
  time: "time timestamp ts t when clock tsns tsus tsms timens timeus timems timestampns timestampus timestampms ns us ms elapsed",
  caller: "caller site callsite ra pc ip returnaddress location retaddr symbol",
  arguments: "args arguments argv params",
};

const ROLES = new Map<string, FieldRole>(
  Object.entries(NAMES).flatMap(([role, names]) =>
    // The keys are those of FieldRole.
    names.split(" ").map((name) => [name, role as FieldRole] as const),
  ),
);

/** The role that a name shows, whatever its case and punctuation. */
export function roleOfName(name: string): FieldRole {
  return ROLES.get(plain(name)) ?? "other";
}

/** Decimals of a time whose name states its unit: 9 for `ts_ns`; null: it does not. */
export function decimalsOfName(name: string): 3 | 6 | 9 | null {
  const unit = /(?:^|[^a-z])(ns|us|µs|ms)$|(?:time|stamp|ts)(ns|us|ms)$/.exec(name.toLowerCase());
  switch (unit?.[1] ?? unit?.[2]) {
    case "ns":
      return 9;
    case "us":
    case "µs":
      return 6;
    case "ms":
      return 3;
    default:
      return null;
  }
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, "");
}
