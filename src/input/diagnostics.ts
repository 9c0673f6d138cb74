const MALFORMED_SAMPLES = 10;
export const SAMPLE_CHARACTERS = 200;

export interface MalformedSample {
  /** 1-based, over all pieces of the log */
  readonly line: number;
  /** as logged, at most `SAMPLE_CHARACTERS` long; escape it before printing it to a terminal */
  readonly text: string;
}

/**
 * Counts what was read, and what could not be parsed. No line goes uncounted: total = parsed + comments + malformed +
 * blank holds after every block of lines.
 */
export class Diagnostics {
  readonly lines = {
    /** all lines, including blank ones and an unterminated last one */
    total: 0,
    /** lines that gave an event */
    parsed: 0,
    /** lines whose first non-blank character is # */
    comments: 0,
    malformed: 0,
    /** lines of nothing but spaces and tabs */
    blank: 0,
  };
  /** malformed lines by reason; their sum is `lines.malformed` */
  readonly malformedKinds = {
    /** does not match the format */
    unparsable: 0,
    /** longer than `MAX_LINE_BYTES` */
    overlong: 0,
  };
  /** inputs that end early: incomplete compressed data, an incomplete last line */
  truncatedInputs = 0;
  /** the first `MALFORMED_SAMPLES` malformed lines */
  readonly samples: MalformedSample[] = [];

  /** Counts a malformed line; `bytes[start, end)` is the line, or its beginning. */
  malformed(
    line: number,
    kind: keyof Diagnostics["malformedKinds"],
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    this.lines.malformed++;
    this.malformedKinds[kind]++;
    if (this.samples.length < MALFORMED_SAMPLES) {
      // A UTF-8 character has at most 4 bytes: what lies beyond is not part of the sample.
      const shown = Math.min(end, start + 4 * SAMPLE_CHARACTERS);
      const characters = [...bytes.toString("utf8", start, shown)].slice(0, SAMPLE_CHARACTERS);
      this.samples.push({ line, text: characters.join("") });
    }
  }
}
