import { type CauseBytes, causesOf } from "../insight/causes/causes.ts";
import type { Replay } from "../replay/replay.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { Causes } from "../report/contract/report.ts";

/** Returns why the memory of a replay is resident, in bytes. The causes add up to its RSS. */
export function causeFigures(replay: Replay, reading: Reading): Causes {
  const { model } = replay;
  const byPlane = causesOf(model, replay, replay.outsideBytes);
  return causesRead(byPlane, reading.bytes(model.resident.pages), reading);
}

/** Reads causes from the planes, in bytes. They add up to `rss`, which is read likewise. */
export function causesRead(byPlane: CauseBytes, rss: number, reading: Reading): Causes {
  const rounded = inCauses((cause) => Math.round(reading.amount(byPlane[cause])));
  // RSS between two planes is rounded to pages; what the program wrote is uncertain, so this part takes the difference.
  return { ...rounded, unwritten: rounded.unwritten + rss - sumOf(rounded) };
}

/**
 * Returns the causes of a what-if moved by the difference between recorded run and baseline, so that they add up to `rss`,
 * which is moved likewise. Causes that would be negative are 0.
 */
export function movedCauses(
  whatIf: Causes,
  recorded: Causes,
  baseline: Causes,
  rss: number,
): Causes {
  const moved = inCauses((cause) => {
    const bytes = recorded[cause] + whatIf[cause] - baseline[cause];
    return cause === "unwritten" ? Math.min(0, bytes) : Math.max(0, bytes);
  });
  const rest = rss - sumOf(moved);
  return {
    ...moved,
    unwritten: moved.unwritten + Math.min(0, rest),
    unlogged: moved.unlogged + Math.max(0, rest),
  };
}

function inCauses(bytesOf: (cause: keyof CauseBytes) => number): Causes {
  return {
    live: bytesOf("live"),
    mapped: bytesOf("mapped"),
    overhead: bytesOf("overhead"),
    unwritten: bytesOf("unwritten"),
    tcache: bytesOf("tcache"),
    fastbins: bytesOf("fastbins"),
    returnable: bytesOf("returnable"),
    pinned: bytesOf("pinned"),
    tops: bytesOf("tops"),
    idleArenas: bytesOf("idleArenas"),
    unlogged: bytesOf("unlogged"),
  };
}

function sumOf(causes: Causes): number {
  return Object.values(causes).reduce((sum: number, bytes: number) => sum + bytes, 0);
}
