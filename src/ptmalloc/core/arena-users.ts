import { allocate, enlarge } from "../../wasm/core/store";
import { m } from "./model";

/**
 * Which threads have ever been attached to which arenas, also those that have ended. A log may have many thousand threads,
 * most of which use one arena: a thread takes 4 bytes, and a record for each further arena.
 */
@unmanaged
class FurtherArena {
  id: i32;
  /** what the thread's word was before: an odd number, or the address of another record */
  before: usize;
}

/** Thread `thread` (dense index) is attached to arena `id`. */
export function addArenaUser(thread: i32, id: i32): void {
  while (thread >= m.userRoom) {
    m.userRoom = max(m.userRoom << 1, 8);
    m.users = enlarge(m.users, (<usize>m.userRoom) << 1);
  }
  m.userCount = max(m.userCount, thread + 1);
  const word = m.users + ((<usize>thread) << 2);
  const latest = load<usize>(word);
  if (latest === 0) {
    // Twice the id of its only arena + 1.
    store<usize>(word, ((<usize>id) << 1) | 1);
  } else if (!includes(latest, id)) {
    const further = changetype<FurtherArena>(allocate(offsetof<FurtherArena>()));
    further.id = id;
    further.before = latest;
    store<usize>(word, changetype<usize>(further));
  }
}

function includes(latest: usize, id: i32): bool {
  let at = latest;
  while ((at & 1) === 0) {
    const further = changetype<FurtherArena>(at);
    if (further.id === id) {
      return true;
    }
    at = further.before;
  }
  return <i32>(at >> 1) === id;
}
