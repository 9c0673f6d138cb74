import type { EventBatch } from "../trace/event.ts";
import { type ShortWords, shortWords } from "../trace/signs/word-size.ts";
import type { LogFacts } from "../trace/stated/log-facts.ts";

/** A 32-bit process wrote the log: the model's rules do not hold for it. */
export class ShortWordsRefused extends Error {
  /** what shows it; null: the log says so in a comment */
  readonly shown: ShortWords | null;

  constructor(shown: ShortWords | null) {
    super("32-bit process");
    this.name = "ShortWordsRefused";
    this.shown = shown;
  }
}

/**
 * Looks at the log's first two batches, unless a comment states the architecture.
 * @throws ShortWordsRefused
 */
export function refuseShortWords(
  batch: EventBatch,
  next: EventBatch | null,
  { arch, hasShortWords }: LogFacts,
): void {
  const shown = arch === null ? shortWords(next === null ? [batch] : [batch, next]) : null;
  if (shown !== null || hasShortWords) {
    throw new ShortWordsRefused(shown);
  }
}
