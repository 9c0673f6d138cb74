/**
 * What was read, and what of it could not be understood. Nothing is dropped silently:
 * total = parsed + comments + malformed + blank holds after every block.
 */

export const MALFORMED_SAMPLES = 10;
export const SAMPLE_CHARACTERS = 200;

export interface MalformedSample {
  /** 1-based, over all pieces of the log */
  readonly line: number;
  /** as it is in the log, at most `SAMPLE_CHARACTERS` long; to be escaped before a terminal sees it */
  readonly text: string;
}

export class Diagnostics {
  readonly lines = {
    /** all lines, an unterminated last one and blank ones included */
    total: 0,
    /** lines that gave an event */
    parsed: 0,
    /** lines whose first character is # */
    comments: 0,
    malformed: 0,
    /** lines of nothing but spaces and tabs */
    blank: 0,
  };
  /** the malformed lines by reason; the sum is `lines.malformed` */
  readonly malformedKinds = {
    /** fits no rule of the format */
    unparsable: 0,
    /** longer than `MAX_LINE_BYTES` */
    overlong: 0,
  };
  /** inputs that end too early: compressed data that breaks off, a last line cut short */
  truncatedInputs = 0;
  /** the first `MALFORMED_SAMPLES` malformed lines */
  readonly samples: MalformedSample[] = [];

  /** `bytes[start, end)` is the line, or as much of its beginning as is at hand. */
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
      // 4 bytes is UTF-8's longest character: what lies beyond cannot be shown, so is not decoded.
      const shown = Math.min(end, start + 4 * SAMPLE_CHARACTERS);
      const characters = [...bytes.toString("utf8", start, shown)].slice(0, SAMPLE_CHARACTERS);
      this.samples.push({ line, text: characters.join("") });
    }
  }
}
