import type { LogResult } from "../pipeline/analysis-result.ts";
import type { ThresholdRaise } from "../report/contract/threshold-raise.ts";
import { callerText } from "./allocation-summaries.ts";
import { secondsSinceStart } from "./seconds.ts";

/** Returns how frees raised the dynamic thresholds; null if they did not. */
export function thresholdSummary(
  { ledger, model }: LogResult,
  callerNames: readonly string[],
): ThresholdRaise | null {
  const raise = model?.thresholdRaise ?? null;
  if (raise === null) {
    return null;
  }
  const { site, retained } = raise;
  const { threads } = ledger;
  return {
    raises: raise.count,
    mmapThreshold: { fromBytes: raise.mmapThreshold.from, toBytes: raise.mmapThreshold.to },
    trimThreshold: { fromBytes: raise.trimThreshold.from, toBytes: raise.trimThreshold.to },
    free: {
      line: raise.line,
      tid: threads.tidOf(raise.thread),
      caller: site === null ? null : callerText(site.caller, callerNames),
      time: site === null ? null : secondsSinceStart(ledger, site.time),
    },
    size: raise.size === 0 ? null : raise.size,
    retainedBytes: retained.bytes,
    largeBlocks: retained.largeBlocks,
    largeBlockBytes: retained.largeBlockBytes,
    largeFreeBytes: retained.largeFreeBytes,
  };
}
