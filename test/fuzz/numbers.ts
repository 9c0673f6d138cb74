import type { Chance } from "./chance.ts";

/** Numbers that a log may claim: mostly those of real programs, else the edges of what code can hold. */

const LIMITS = [31, 32, 34, 40, 47, 48, 52, 53, 62, 63, 64].map((bits) => 2n ** BigInt(bits));
const EDGES = LIMITS.flatMap((limit) => [limit - 1n, limit, limit + 1n]).map(String);
const ODD = [
  "0",
  "1",
  "-1",
  "007",
  "0x10",
  "0xffffffffffffffff",
  "1e3",
  "",
  "99999999999999999999999",
];
const SMALL = [8, 16, 24, 25, 32, 100, 104, 512, 1000, 1024, 1032, 1033, 4080, 4096, 65_536];
const LARGE = [131_056, 131_072, 135_152, 1_048_576, 33_554_432, 67_108_864, 134_217_728];

export function size(chance: Chance): string {
  const kind = chance.fraction();
  if (kind < 0.5) {
    return String(chance.below(3000));
  }
  if (kind < 0.75) {
    return String(chance.pick(SMALL));
  }
  if (kind < 0.88) {
    return String(chance.pick(LARGE) + chance.below(3) - 1);
  }
  return kind < 0.98 ? chance.pick(EDGES) : chance.pick(ODD);
}

/** Where a log may have its blocks. */
const REGIONS = [
  0x55_5555_5592_a0, 0x5555_5555_92a0, 0x7f00_0000_0b70, 0x7f00_ec00_0890, 0x7fff_f7c0_0010,
  0x7f12_3456_7010, 0x0804_b1a0, 0xf7d0_0010, 0x2_a5d0, 0xffff_8000_0000, 0x3f_f7c0_0010,
];
const FAR = [2 ** 47 - 4096, 2 ** 48, 2 ** 53, 2 ** 63 - 1024, 2 ** 64 - 4096];

/** Makes up addresses of one log: a few regions, in which blocks lie close together. */
export class Addresses {
  readonly #chance: Chance;
  readonly #regions: readonly number[];
  readonly #isCut: boolean;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.#regions = chance.times(1 + chance.below(3), () => chance.pick(REGIONS));
    this.#isCut = chance.happens(0.1);
  }

  next(): number {
    const chance = this.#chance;
    const step = chance.pick([0x10, 0x20, 0x30, 0x70, 0x410, 0x1000, 0x21000, 0x400_0000]);
    const far = chance.happens(0.02) ? chance.pick(FAR) : chance.pick(this.#regions);
    const odd = chance.happens(0.02) ? chance.below(16) : 0;
    const address = far + step * chance.below(200) + odd;
    return this.#isCut ? address % 2 ** 32 : address;
  }
}

export function pointer(address: number): string {
  return address === 0 ? "(nil)" : `0x${address.toString(16)}`;
}
