import type { Chance } from "./chance.ts";
import { pointer, size } from "./numbers.ts";

/** Values of settings, possible and not. */
const VALUES = [
  "0",
  "1",
  "2",
  "8",
  "16",
  "128",
  "4096",
  "65535",
  "131072",
  "33554432",
  "140737488355328",
  "18446744073709551615",
  "-1",
  "0x1000",
  "010",
  "x",
  "",
];
const SETTINGS = [
  "MALLOC_ARENA_MAX",
  "MALLOC_ARENA_TEST",
  "MALLOC_TRIM_THRESHOLD_",
  "MALLOC_TOP_PAD_",
  "MALLOC_MMAP_THRESHOLD_",
  "MALLOC_MMAP_MAX_",
  "MALLOC_PERTURB_",
  "MALLOC_CHECK_",
  "glibc.malloc.tcache_count",
  "glibc.malloc.tcache_max",
  "glibc.malloc.tcache_unsorted_limit",
  "glibc.malloc.mxfast",
  "glibc.malloc.hugetlb",
  "glibc.malloc.arena_max",
  "glibc.malloc.arena_test",
  "glibc.malloc.trim_threshold",
  "glibc.malloc.top_pad",
  "glibc.malloc.mmap_threshold",
  "glibc.malloc.mmap_max",
  "glibc.malloc.perturb",
  "GLIBC_TUNABLES=glibc.malloc.mxfast",
  "glibc.malloc.nothing",
];

export function setting(chance: Chance): string {
  return `${chance.pick(SETTINGS)}=${chance.pick(VALUES)}`;
}

/** Comments that hooks write, with what may be in them. `live` are addresses of blocks. */
export function comment(chance: Chance, live: readonly number[]): string {
  const at = live.length > 0 && chance.happens(0.9) ? chance.pick(live) : chance.below(2 ** 31);
  const any = (): string => size(chance);
  switch (chance.below(15)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return `# hole ${pointer(at)} ${holes(chance)}`;
    case 4:
      return chance.pick(["# holes", "# holes min=4096", `# holes min=${any()}`]);
    case 5:
    case 6:
      return `# rss ${any()}`;
    case 7:
    case 8:
      return `# setting ${setting(chance)}`;
    case 9:
      return `# setting GLIBC_TUNABLES=${chance.times(chance.below(4), () => setting(chance)).join(":")}`;
    case 10:
      return `# heap ${chance.pick([pointer(at), "0x555555559000", `0x${"f".repeat(chance.below(300))}`])}`;
    case 11:
      return chance.pick([
        `# cpus ${any()}`,
        `# page ${chance.pick(["4096", "16384", "65536", "1"])}`,
        "# thp always",
        "# thp \0",
        "# arch aarch64",
        "# arch i686",
      ]);
    case 12:
      return `# glibc ${chance.pick(["2.17", "2.23", "2.31", "2.36-9+deb12u4", "2.41", "2.43", "2.44", "99.1", "2.999", ""])}`;
    case 13:
      return `# thread ${any()} ${chance.pick(["main", "\u001b]0;x\u0007", "<script>alert(1)</script>", "=1+1", "::error::x", "x".repeat(3000)])}`;
    default:
      return chance.pick([
        `# tunables.conf -${setting(chance)}`,
        "# program /usr/bin/java",
        "# tunables.conf [proc:java]",
        `# pid ${any()}`,
        `# fork ${any()} ${any()}`,
        "# exec /bin/ls",
        "#",
        `# ${"\u202e"}x`,
        `# ${any()}`,
      ]);
  }
}

function holes(chance: Chance): string {
  const page = (): string =>
    chance.pick([String(chance.below(64) * 4096 + chance.pick([0, 4080, 1])), size(chance)]);
  let from = 0;
  const ascending = (): string => {
    from += chance.below(3) * 4096;
    const length = (1 + chance.below(4)) * 4096;
    const range = `${from === 0 ? 0 : from - 16}+${length}`;
    from += length;
    return range;
  };
  const isOrdered = chance.happens(0.7);
  return chance
    .times(1 + chance.below(6), () => (isOrdered ? ascending() : `${page()}+${page()}`))
    .join(",");
}
