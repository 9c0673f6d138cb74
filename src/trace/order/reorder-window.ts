/**
 * How far apart two calls may be logged in the wrong order (ptmalloc2.md §12.4), by a hook that does not log inside the
 * allocator's lock: in lines, and in µs where lines carry times.
 */
export const REORDER_WINDOW_LINES = 64;
export const REORDER_WINDOW_MICROSECONDS = 100;
