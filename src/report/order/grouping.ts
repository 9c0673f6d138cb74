/** The kinds of rows that the main table may have (`--by`). */
export const GROUPINGS = ["thread", "caller", "size", "arena"] as const;

export type Grouping = (typeof GROUPINGS)[number];
