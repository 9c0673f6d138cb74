/**
 * Most characters of one section. GitHub refuses a comment above 65,536 characters and drops a job summary above
 * 1 MiB: a report has nine sections at most, so that both hold whatever is in them.
 */
export const SECTION_ROOM = 6000;

/** The first lines that fit into a section; of the others only one is asked for. */
export function capped(lines: Iterable<string>): string[] {
  const fitting: string[] = [];
  let room = SECTION_ROOM;
  for (const line of lines) {
    room -= line.length + 1;
    if (room < 0) break;
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
