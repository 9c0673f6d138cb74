import { allocate, enlarge, release } from "../../wasm/core/store";
import { Arena } from "./arena";
import { addArenaUser } from "./arena-users";
import { ENDED_THREAD, m, NO_THREAD } from "./model";
import { releaseBins } from "./tcache-bins";

// Thread.tcache: DISABLED while the struct is being allocated or torn down, or when caching is off.
export const INACTIVE: i32 = 0;
export const ACTIVE: i32 = 1;
export const DISABLED: i32 = 2;

/** A thread of the process: its arena and its tcache_perthread_struct (ptmalloc2.md §2.6). */
@unmanaged
export class Thread {
  /** dense index of the thread in the log; −1: the record stands for none */
  index: i32;
  /** null until the first call that reaches arena_get */
  arena: Arena | null;
  /** INACTIVE, ACTIVE or DISABLED */
  tcache: i32;
  /** the chunk of the struct; 0: none, or unknown (thread-exit.ts) */
  tcacheStruct: i32;
  /** its bins (tcache-bins.ts): heads and counts of chunks; and how many there are */
  heads: usize;
  counts: usize;
  bins: i32;
  /**
   * indices of threads that detach from their arena only after this one attaches, although they end first in the log: their
   * number, then each; 0: there are none
   */
  detachingLater: usize;
}

/** Sets the threads that stand for none as they are at the start of a process. */
export function initThreads(): void {
  ENDED_THREAD.index = -1;
  ENDED_THREAD.tcache = DISABLED;
  NO_THREAD.index = -1;
  m.thread = NO_THREAD;
}

/** Thread `index`; null: it has not called yet, or has ended. */
export function threadAt(index: i32): Thread | null {
  if (<usize>index >= <usize>m.threadCount) {
    return null;
  }
  return changetype<Thread | null>(load<usize>(m.threads + ((<usize>index) << 2)));
}

/** Makes thread `index` the caller of the following calls. */
export function enterThread(index: i32): void {
  m.servedByTcache = false;
  m.madeTcacheStruct = false;
  if (index === m.thread.index) {
    return;
  }
  const thread = threadAt(index);
  if (thread !== null) {
    m.thread = thread;
    return;
  }
  m.multiThreaded = m.multiThreaded || m.hasMain;
  m.thread = addThread(index);
}

/** As `enterThread`; but a thread without cache and arena has given them up and may only free (§6.4). */
export function enterEndedThread(index: i32): void {
  enterThread(index);
  if (m.thread.arena === null && m.thread.tcache === INACTIVE) {
    m.thread = ENDED_THREAD;
  }
}

/** Adds thread `index`; the first one is the main thread, in the main arena. */
function addThread(index: i32): Thread {
  while (index >= m.threadRoom) {
    m.threadRoom = max(m.threadRoom << 1, 8);
    m.threads = enlarge(m.threads, (<usize>m.threadRoom) << 1);
  }
  m.threadCount = max(m.threadCount, index + 1);
  m.threadsAlive++;
  const thread = changetype<Thread>(allocate(offsetof<Thread>()));
  store<usize>(m.threads + ((<usize>index) << 2), changetype<usize>(thread));
  thread.index = index;
  if (!m.hasMain) {
    m.hasMain = true;
    thread.arena = m.mainArena;
    m.mainArena.attachedThreads = 1;
    addArenaUser(index, 0);
  }
  return thread;
}

/** Removes the current thread, which has ended. */
export function removeThread(): void {
  const thread = m.thread;
  // Thread −1 was never added.
  if (thread.index < 0) {
    return;
  }
  store<usize>(m.threads + ((<usize>thread.index) << 2), 0);
  m.threadsAlive--;
  releaseBins(thread);
  forgetDetachingLater(thread);
  release(changetype<usize>(thread), offsetof<Thread>());
  m.thread = NO_THREAD;
}

/** Sets `detachingLater` to the `count` indices at `list`. */
export function setDetachingLater(thread: Thread, list: usize, count: i32): void {
  forgetDetachingLater(thread);
  if (count > 0) {
    const bytes: usize = (<usize>count + 1) << 2;
    thread.detachingLater = allocate(bytes);
    store<i32>(thread.detachingLater, count);
    memory.copy(thread.detachingLater + 4, list, bytes - 4);
  }
}

export function forgetDetachingLater(thread: Thread): void {
  const list = thread.detachingLater;
  if (list !== 0) {
    release(list, 4 * (load<usize>(list) + 1));
    thread.detachingLater = 0;
  }
}

/** True if thread `index` detaches from its arena only after `thread` attaches. */
export function detachesLater(thread: Thread, index: i32): bool {
  const list = thread.detachingLater;
  if (list === 0) {
    return false;
  }
  const count = load<i32>(list);
  for (let i = 1; i <= count; i++) {
    if (load<i32>(list + ((<usize>i) << 2)) === index) {
      return true;
    }
  }
  return false;
}
