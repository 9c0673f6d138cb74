import type { Chance } from "./chance.ts";
import { comment } from "./comments.ts";
import { pointer, size } from "./numbers.ts";

/** Damages lines of a log as programs, disks and people do. */
export function damageLines(chance: Chance, lines: readonly string[]): string[] {
  const damaged = [...lines];
  const live = lines.flatMap((line) => {
    const found = /= (0x[0-9a-f]{1,13})$/.exec(line)?.[1];
    return found === undefined ? [] : [Number(found)];
  });
  const rounds = chance.pick([0, 0, 1, 3, 10]);
  for (let round = 0; round < rounds && damaged.length > 0; round++) {
    const at = chance.below(damaged.length);
    const line = damaged[at]!;
    switch (chance.below(14)) {
      case 0:
        damaged.splice(at, 1 + chance.below(5));
        break;
      case 1:
        damaged.splice(at, 0, line);
        break;
      case 2: {
        const other = chance.below(damaged.length);
        damaged[at] = damaged[other]!;
        damaged[other] = line;
        break;
      }
      case 3:
        damaged[at] = line.slice(0, chance.below(line.length + 1));
        break;
      case 4:
        damaged[at] =
          line.slice(0, chance.below(line.length + 1)) + damaged[chance.below(damaged.length)]!;
        break;
      case 5:
        damaged[at] = line.replace(/\d+(?=[,)])/, size(chance));
        break;
      case 6:
        damaged[at] = line.replace(
          /0x[0-9a-f]+$/,
          pointer(live.length > 0 ? chance.pick(live) + 16 : 16),
        );
        break;
      case 7:
        damaged[at] = line.replace(/^\d+/, () =>
          chance.pick(["1", "2147483647", "4294967296", size(chance)]),
        );
        break;
      case 8:
        damaged[at] = withByte(chance, line);
        break;
      case 9:
        return damaged.map((one) => one.replace(/0x[0-9a-f]{4,8}([0-9a-f]{8})/g, "0x$1"));
      case 10:
        damaged[at] = line.replace(/(?<=^\S+ )[\d:.]+/, () =>
          chance.pick([
            size(chance),
            `${size(chance)}.5`,
            "99:59:59",
            "1:2:3:4",
            "25:61:61.9",
            ".",
          ]),
        );
        break;
      default:
        damaged.splice(at, 0, comment(chance, live));
    }
  }
  return damaged;
}

function withByte(chance: Chance, line: string): string {
  const at = chance.below(line.length + 1);
  return (
    line.slice(0, at) + String.fromCharCode(chance.below(256)) + line.slice(at + chance.below(2))
  );
}

const UNUSUAL = ["\r\n", "\r\n", "\n\n", "\n\n", "\0\n", "\r"];

/** The text of a log: its lines with some kind of ending, the last of which may lack. */
export function joined(chance: Chance, lines: readonly string[]): Buffer {
  const ending = chance.happens(0.85) ? "\n" : chance.pick(UNUSUAL);
  return Buffer.from(lines.join(ending) + (chance.happens(0.8) ? ending : ""), "latin1");
}
