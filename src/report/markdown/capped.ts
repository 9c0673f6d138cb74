/**
 * Maximum characters of one paragraph, list or table, without its head and the line that counts what is left out. GitHub
 * rejects comments above 65,536 characters and drops job summaries above 1 MiB; a report has at most ten such parts, so
 * it stays below both.
 */
const MAX_CHARACTERS = 5500;

/** The first lines that fit. Takes one line more than it returns. */
export function capped(lines: Iterable<string>): string[] {
  const fitting: string[] = [];
  let left = MAX_CHARACTERS;
  for (const line of lines) {
    left -= line.length + 1;
    if (left < 0) {
      break;
    }
    fitting.push(line);
  }
  return fitting;
}

/** A list, with `under` nested below its last item; the last line counts the items that do not fit. */
export function list(items: readonly string[], under: readonly string[] = []): string {
  const lines = [...items.map((item) => `- ${item}`), ...under.map((item) => `  - ${item}`)];
  const shown = capped(lines);
  const left = lines.length - shown.length;
  return [...shown, ...(left === 0 ? [] : [`- … ${left} more`])].join("\n");
}
