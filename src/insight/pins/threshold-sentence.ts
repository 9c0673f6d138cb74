import type { Finding, Scenario, ThresholdRaise } from "../../report/contract/report.ts";
import { byteUnit, exact, size } from "../../report/wording/format.ts";
import { callOrigin, type Named } from "../who/names.ts";

/** Smaller amounts are not worth a line. */
const MIN_BYTES = 1024 * 1024;

/** Each of them keeps the thresholds as they are, at glibc's defaults (ptmalloc2.md §8, T18). */
const FREEZING: readonly string[] = [
  "MALLOC_MMAP_THRESHOLD_",
  "MALLOC_TRIM_THRESHOLD_",
  "glibc.malloc.mmap_threshold",
  "glibc.malloc.trim_threshold",
];

/** What raised dynamic thresholds keep resident; null if that is not worth a line. */
export function raisedThresholds(
  raise: ThresholdRaise | null,
  scenarios: readonly Scenario[],
  names: Named,
): Finding | null {
  const [recorded] = scenarios;
  if (raise === null || recorded === undefined) {
    return null;
  }
  const frozen = scenarios.find((one) => differsByFreezing(one, recorded, raise)) ?? null;
  const least = raise.retainedBytes;
  const most = least + raise.largeFreeBytes;
  const saved = frozen === null ? null : recorded.rss.endBytes - frozen.rss.endBytes;
  if ((saved ?? most) < MIN_BYTES) {
    return null;
  }
  const setting = frozen?.name ?? `MALLOC_MMAP_THRESHOLD_=${raise.mmapThreshold.fromBytes}`;
  return {
    kind: "thresholds-raised",
    severity: "info",
    message: `${raisingFree(raise, names)}; ${kept(raise, saved)}; ${cure(setting, saved)}`,
    bytes: saved ?? least,
    evidence: {
      line: raise.free.line,
      tid: raise.free.tid,
      raises: raise.raises,
      mmapThresholdBytes: raise.mmapThreshold.toBytes,
      trimThresholdBytes: raise.trimThreshold.toBytes,
      retainedBytes: least,
      largeFreeBytes: raise.largeFreeBytes,
      setting,
    },
  };
}

/** True for a scenario that differs from the recorded run only in that the thresholds stay at what they were. */
function differsByFreezing(one: Scenario, recorded: Scenario, raise: ThresholdRaise): boolean {
  const changed = Object.entries(one.settings).filter(
    ([name, value]) => recorded.settings[name] !== value,
  );
  const [first, ...others] = changed;
  const { mmapThreshold, trimThreshold } = raise;
  return (
    first !== undefined &&
    others.length === 0 &&
    FREEZING.includes(first[0]) &&
    [mmapThreshold.fromBytes, trimThreshold.fromBytes].includes(Number(first[1])) &&
    one.trim === recorded.trim &&
    one.glibc === recorded.glibc
  );
}

function raisingFree(
  { raises, free, size: bytes, mmapThreshold, trimThreshold }: ThresholdRaise,
  names: Named,
): string {
  const block = bytes === null ? "a mapped block" : `a mapped block of ${size(bytes)}`;
  const last = `the free of ${block} in line ${exact(free.line)}${callOrigin(free.tid, free.caller, names)}`;
  const change = ({ fromBytes, toBytes }: ThresholdRaise["mmapThreshold"]) =>
    `from ${size(fromBytes)} to ${size(toBytes)}`;
  const which = raises === 1 ? last : `${exact(raises)} frees, the last of them ${last},`;
  return `${which} raised mmap_threshold ${change(mmapThreshold)} and trim_threshold ${change(trimThreshold)}: since then, blocks below that lie in heaps`;
}

function kept({ retainedBytes, largeFreeBytes }: ThresholdRaise, saved: number | null): string {
  if (saved !== null) {
    return `that keeps ${size(saved)} resident at the end`;
  }
  const unit = byteUnit([retainedBytes + largeFreeBytes]);
  const holes = `${size(largeFreeBytes, unit)}${retainedBytes === 0 ? "" : " more"} are free in holes of that size`;
  const least = `that keeps at least ${size(retainedBytes, unit)} resident at the end`;
  if (retainedBytes === 0) {
    return `at the end ${holes}`;
  }
  return largeFreeBytes === 0 ? least : `${least}, and ${holes}`;
}

function cure(setting: string, saved: number | null): string {
  const price = "larger blocks then cost an mmap, a munmap and page faults each";
  return saved === null
    ? `${setting} would prevent it (${price}): --what-if ${setting} shows what that saves`
    : `${setting} prevents it (${price})`;
}
