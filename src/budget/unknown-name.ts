import { didYouMean } from "../report/wording/suggest.ts";

/** Known names listed in the message when none is close to the one typed. */
const MAX_LISTED = 12;

/** "no key rrs (did you mean rss?)"; when no known name is close, the message lists them. */
export function unknownName(
  kind: "key" | "scenario" | "thread",
  typed: string,
  known: readonly string[],
): string {
  const reason = `no ${kind} ${typed}`;
  const meant = didYouMean(typed, known);
  if (meant !== "" || known.length === 0) {
    return `${reason}${meant}`;
  }
  const listed = known.slice(0, MAX_LISTED).join(", ");
  return `${reason}; known ${kind}s: ${listed}${known.length > MAX_LISTED ? ", …" : ""}`;
}
