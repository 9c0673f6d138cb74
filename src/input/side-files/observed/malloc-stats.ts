import type { CountedArena } from "../../../trace/stated/observed-memory.ts";
import { type Read, several } from "./reader.ts";

/**
 * What malloc_stats() writes to standard error, perhaps among other lines. Its figures are cut to 32 bits.
 *
 *     Arena 0:
 *     system bytes     =    2568192
 *     in use bytes     =    2565904
 *     Total (incl. mmap):
 *     system bytes     =   12214272
 *     in use bytes     =   12206480
 *     max mmap regions =          6
 *     max mmap bytes   =    1957888
 */
export function readMallocStats(text: string): Read {
  const arenas: CountedArena[] = [];
  const pattern = new RegExp(`^Arena (\\d{1,9}):\\s*\\n${FIGURES}`, "gm");
  for (const [, nr, systemBytes, inUseBytes] of text.matchAll(pattern)) {
    arenas.push({
      nr: Number(nr),
      systemBytes: Number(systemBytes),
      inUseBytes: Number(inUseBytes),
    });
  }
  const totals = [
    ...text.matchAll(new RegExp(`^Total \\(incl\\. mmap\\):\\s*\\n${FIGURES}`, "gm")),
  ];
  const [total] = totals;
  if (arenas.length === 0 || total === undefined) {
    return null;
  }
  if (totals.length > 1) {
    return several("the figures of malloc_stats");
  }
  const systemBytes = arenas.reduce((sum, one) => sum + one.systemBytes, 0);
  return {
    ok: {
      kind: "malloc_stats",
      arenas,
      systemBytes,
      inUseBytes: arenas.reduce((sum, one) => sum + one.inUseBytes, 0),
      mappedBytes: modulo(Number(total[1]) - systemBytes),
    },
  };
}

/** The sum of all is cut, too. */
function modulo(bytes: number): number {
  return ((bytes % MODULUS) + MODULUS) % MODULUS;
}

const MODULUS = 2 ** 32;

const FIGURES = "system bytes +=\\s+(\\d{1,10})\\s*\\nin use bytes +=\\s+(\\d{1,10})";
