import type { TraceSummary } from "../../report/contract/report.ts";

const CONSEQUENCES = {
  threads: "threads (all calls are read as one thread's)",
  times: "times",
  callers: "callers",
} as const;

/** What a log of another format leaves out, one item each; none if it tells all that the native format does. */
export function foreignItems({ format, foreign }: TraceSummary): string[] {
  if (foreign === undefined) {
    return [];
  }
  const { lacks, remarks } = foreign;
  const lacking = lacks.map((one) => CONSEQUENCES[one]).join(", ");
  return [...(lacking === "" ? [] : [`not in this log (${format}): ${lacking}`]), ...remarks];
}

/** Why there is no RSS, if the log's pointers are no addresses of glibc's malloc; else null. */
export function noAddressesSentence({ foreign }: TraceSummary): string | null {
  const addresses = foreign?.addresses ?? "glibc";
  switch (addresses) {
    case "glibc":
      return null;
    case "none":
      return "No RSS: the log numbers its blocks and has no addresses, which the model of glibc's malloc is judged by.";
    case "bionic":
      return "No RSS: the log is one of Android's malloc_debug, the blocks are those of Android's allocator, and mallog models glibc's.";
    case "renamed":
      return "No RSS: the lines are calls of other functions than malloc, whose blocks need not be those of glibc. If they are glibc's malloc under another name, say so: --input-format native";
    default:
      return `No RSS: the blocks are those of ${addresses}'s own allocator, and mallog models glibc's. Record without ${addresses}: mallog record -- COMMAND`;
  }
}
