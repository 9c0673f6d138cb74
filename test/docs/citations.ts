/** A specification that comments cite by section, by its name without `.md`. */
export type DocumentName = "ptmalloc2" | "touch";

/** A section or a trap that a comment, a test title or a README cites. */
export interface Citation {
  readonly document: DocumentName;
  /** "3.8.1", "12.4"; a trap is "T21" */
  readonly entry: string;
  /** 1-based */
  readonly line: number;
}

const NUMBER = String.raw`\d+(?:\.\d+)*`;
/** A document's name, if it stands there, and the sections of it: "touch.md §3, §4", "§3.3–§3.6". */
const SECTIONS = new RegExp(
  String.raw`(?:\b(ptmalloc2|touch)\.md\W{0,2}\s)?(§${NUMBER}(?:(?:,|–|,? and|,? or)[\0 ]*§${NUMBER})*)`,
  "g",
);
const TRAP = /\bT(\d{1,2})\b/g;

/** What `text` cites. A section without the name of its document is one of `unnamed`; traps are all of ptmalloc2.md. */
export function citationsIn(text: string, unnamed: DocumentName = "ptmalloc2"): Citation[] {
  const joined = joinComments(text);
  const lineAt = (index: number): number => joined.slice(0, index).split(/[\n\0]/).length;
  const sections = [...joined.matchAll(SECTIONS)].flatMap(({ 1: name, 2: list = "", index }) => {
    const document = name === "ptmalloc2" || name === "touch" ? name : unnamed;
    const line = lineAt(index);
    return [...list.matchAll(new RegExp(NUMBER, "g"))].map(([entry]) => ({
      document,
      entry,
      line,
    }));
  });
  const traps = [...joined.matchAll(TRAP)].map(
    ({ 0: entry, index }): Citation => ({ document: "ptmalloc2", entry, line: lineAt(index) }),
  );
  return [...sections, ...traps];
}

/** The text with lines of one comment joined, so that "touch.md" and "§4" may stand on two; a NUL marks each join. */
function joinComments(text: string): string {
  return text.replace(/\n[ \t]*(?:\*|\/\/)(?![*/])[ \t]*/g, "\0 ");
}

/**
 * What can be cited of a document: its numbered headings, the traps, and of a chapter that is one numbered list, as
 * "12. What a call log cannot tell", the list's items.
 */
export function entriesOf(markdown: string): Set<string> {
  const entries = new Set<string>();
  let chapter = "";
  let isCode = false;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("```")) {
      isCode = !isCode;
    }
    if (isCode) {
      continue;
    }
    const heading = /^(#+) (?:(\d+(?:\.\d+)*)\b)?/.exec(line);
    const item = /^(\d+)\. /.exec(line);
    const trap = /^\* \*\*(T\d+)\*\*/.exec(line);
    if (heading !== null) {
      const [, marks, number = ""] = heading;
      chapter = marks === "##" ? number : "";
      entries.add(number);
    } else if (item !== null && chapter !== "") {
      entries.add(`${chapter}.${item[1]}`);
    } else if (trap !== null) {
      entries.add(trap[1]!);
    }
  }
  entries.delete("");
  return entries;
}
