/**
 * Most characters of one paragraph, list or table, but for its head and the line that says what is left out. GitHub
 * refuses a comment above 65,536 characters, and drops a job summary above 1 MiB: a report has ten of them at most, so
 * that it is below both, whatever is in them.
 */
const ROOM = 5500;

/** The first lines for which there is room; of the others only one is asked for. */
export function capped(lines: Iterable<string>): string[] {
  const fitting: string[] = [];
  let room = ROOM;
  for (const line of lines) {
    room -= line.length + 1;
    if (room < 0) {
      break;
    }
    fitting.push(line);
  }
  return fitting;
}

/** A list, and what is listed under its last item; of what does not fit, how many there are. */
export function list(items: readonly string[], under: readonly string[] = []): string {
  const lines = [...items.map((item) => `- ${item}`), ...under.map((item) => `  - ${item}`)];
  const shown = capped(lines);
  const left = lines.length - shown.length;
  return [...shown, ...(left === 0 ? [] : [`- … ${left} more`])].join("\n");
}
