/** Formats that a log can be written in. */
export const LOG_FORMATS = ["native", "logalloc", "rep", "csv"] as const;

export type LogFormat = (typeof LOG_FORMATS)[number];
