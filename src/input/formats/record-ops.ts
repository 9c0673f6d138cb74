import { Op } from "../../trace/event.ts";

const NAMES: readonly (readonly [op: Op, names: string])[] = [
  [Op.malloc, "malloc m a alloc allocate allocated allocation new +"],
  [Op.calloc, "calloc c"],
  [Op.realloc, "realloc reallocarray r reallocate reallocated resize"],
  [Op.memalign, "memalign posix_memalign aligned_alloc"],
  [Op.valloc, "valloc"],
  [Op.pvalloc, "pvalloc"],
  [Op.free, "free f d delete dealloc deallocate deallocation freed cfree -"],
  [Op.threadExit, "thread_done thread_exit"],
];

const OPS = new Map(NAMES.flatMap(([op, names]) => names.split(" ").map((name) => [name, op])));

/** The operation of a record, in any case; null: none. */
export function opNamed(name: string): Op | null {
  return OPS.get(name.toLowerCase()) ?? null;
}
