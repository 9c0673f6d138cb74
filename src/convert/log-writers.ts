import { CsvWriter } from "./csv-writer.ts";
import type { LogFormat } from "./format-names.ts";
import type { LogTexts, LogWriter } from "./log-writer.ts";
import { LogallocWriter } from "./logalloc-writer.ts";
import { NativeWriter } from "./native-writer.ts";
import { RepWriter } from "./rep-writer.ts";

/** The writer of each format that a log can be written in. */
export const LOG_WRITERS: Readonly<Record<LogFormat, (texts: LogTexts) => LogWriter>> = {
  native: (texts) => new NativeWriter(texts),
  logalloc: () => new LogallocWriter(),
  rep: () => new RepWriter(),
  csv: (texts) => new CsvWriter(texts),
};
