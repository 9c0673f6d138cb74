/** What a ledger knows besides its tables, at a fixed address. With the store it is the whole ledger (README.md). */
@unmanaged
export class LedgerState {
  // The pointer table (pointer-table.ts).
  slots: usize;
  /** slots − 1 */
  slotMask: u32;
  /** 32 − log2(slots): keeps the upper bits of the hash */
  hashShift: u32;
  /** pointers in the table, and how many it takes until it grows */
  pointers: i32;
  mostPointers: i32;
  /** stack of reusable ids */
  freeIds: usize;
  freeIdCount: i32;
  freeIdRoom: i32;
  /** ids freed so far, modulo 2^32 */
  rests: u32;
  /** ids so far are 0 .. idLimit − 1 */
  idLimit: i32;

  // The rows of blocks (block-rows.ts).
  blockLeaves: usize;
  blockLeafRoom: i32;

  // resolver.ts
  /** bits of the pointers that Resolver watches; 0: none */
  watched: usize;

  // blocks.ts
  liveBytes: f64;
  liveBlocks: i32;
  excessive: i32;

  // threads.ts
  threads: usize;
  threadRoom: i32;
  threadCount: i32;
  tidSlots: usize;
  tidMask: u32;
  /** thread id that was looked up last and its index; −1 at first */
  lastTid: i32;
  lastThread: i32;

  // allocation-sites.ts
  siteLeaves: usize;
  siteLeafRoom: i32;
  siteCount: i32;
  siteSlots: usize;
  siteMask: u32;
  /** SiteLimits */
  ofFewCalls: i32;
  exact: i32;
  anyThread: i32;
  anySize: i32;
  /** new peaks of live bytes so far, of which each call of `count` has one at most */
  peaks: i32;
  peakBytes: f64;
  /** live bytes after the last event that was counted */
  countedBytes: f64;
  /** events counted so far, modulo 2^32 */
  events: i32;

  // caller-lifetimes.ts
  callers: usize;
  callerRoom: i32;
  callerCount: i32;
  callerSlots: usize;
  callerMask: u32;

  /** sum of what was read ahead: unused loads would be optimised away */
  warmed: i32;
}

/** No record lies below address 16: 0 stands for none. */
export const state = changetype<LedgerState>(16);

/** ring of the ids freed last, plus 1 */
export const RESTING_IDS: usize = 1024;
/** tables of pointers freed last (recently-freed.ts); 0: none yet */
export const FREED_LEAVES: usize = 2048;
