/** What the owner of a drift does in TypeScript (../thread-drift.ts). */

/** The output is full, or its rows are wanted: rows 0..length-1 are the next of the new order. */
export declare function filled(length: i32): void;

/** Note number `note` comes next, before row `row` of the output. */
export declare function noted(note: i32, row: i32): void;
