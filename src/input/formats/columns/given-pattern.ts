/** The groups of a `--pattern`. */
export const PATTERN_GROUPS = [
  "pid",
  "tid",
  "time",
  "caller",
  "call",
  "size",
  "align",
  "count",
  "pointer",
  "result",
] as const;

export type PatternGroup = (typeof PATTERN_GROUPS)[number];

/** Checks a regular expression with named groups. */
export function parsePattern(text: string): { readonly ok: string } | { readonly error: string } {
  try {
    patternOf(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*\/\w*: /s, "") : "";
    return { error: `no regular expression (${reason})` };
  }
  const names = groupsOf(text);
  const unknown = names.find((name) => !PATTERN_GROUPS.some((group) => group === name));
  if (unknown !== undefined) {
    return { error: `unknown group ${unknown}; groups are ${PATTERN_GROUPS.join(", ")}` };
  }
  return names.includes("call")
    ? { ok: text }
    : { error: "it needs a group for the call, as (?<call>\\w+)" };
}

/** The expression for lines as latin1, a character for each byte, with the places of its groups. */
export function patternOf(text: string): RegExp {
  return new RegExp(Buffer.from(text).toString("latin1"), "d");
}

/** Names of its groups, in order. */
export function groupsOf(text: string): string[] {
  return [...text.matchAll(/(?<!\\)\(\?<([A-Za-z_$][\w$]*)>/g)].map(([, name = ""]) => name);
}
