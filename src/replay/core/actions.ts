/** Action (trace/actions.ts) */
export const NONE: i32 = 0;
export const MALLOC: i32 = 1;
export const CALLOC: i32 = 2;
/** the first action that has a block already */
export const REALLOC: i32 = 3;
export const MEMALIGN: i32 = 4;
export const VALLOC: i32 = 5;
export const PVALLOC: i32 = 6;
export const FREE: i32 = 7;
export const MALLOC_TRIM: i32 = 8;
export const MALLOPT: i32 = 9;
export const FREE_AFTER_EXIT: i32 = 10;

/** Added to an action: free block `lost` first. */
export const LOST_FREE: i32 = 0x80;
/** The bits of an action without LOST_FREE. */
export const ACTION_BITS: i32 = 0x7f;
