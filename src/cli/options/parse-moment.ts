import type { Parsed } from "../../report/wording/parsed.ts";
import { SECONDS } from "../../report/wording/sizes.ts";
import type { Moment } from "../../trace/moment.ts";

/** Calls of a log are microseconds apart. */
const UNITS: Readonly<Record<string, number>> = { us: 1e-6, µs: 1e-6, ...SECONDS };

/** A moment of a log: END, peak, a line, a time, or a mark. */
export function parseMoment(text: string): Parsed<Moment> {
  const word = text.trim();
  switch (word.toLowerCase()) {
    case "end":
      return { ok: { kind: "end" } };
    case "peak":
      return { ok: { kind: "peak" } };
  }
  const [, label] = /^mark:(.*)$/s.exec(word) ?? [];
  if (label !== undefined) {
    return label.trim() === ""
      ? { error: "give the label of a mark, such as mark:warm" }
      : { ok: { kind: "mark", label: label.trim() } };
  }
  const [, line] = /^(?:line:)?([0-9]{1,15})$/.exec(word) ?? [];
  if (line !== undefined) {
    return Number(line) === 0
      ? { error: "lines are counted from 1" }
      : { ok: { kind: "line", line: Number(line) } };
  }
  return parseTime(word) ?? { error: KNOWN };
}

const KNOWN =
  "give END, peak, a line such as 1500, a time since the first event such as 12.5s, a time of the log's clock such as 00:01:30.5, or mark:LABEL";

function parseTime(word: string): Parsed<Moment> | null {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-zµ]+)$/.exec(word) ?? [];
  const factor = UNITS[unit];
  if (factor !== undefined) {
    return { ok: { kind: "time", seconds: Number(number) * factor } };
  }
  const [, hours, minutes, seconds] =
    /^(\d{1,6}):([0-5]\d):([0-5]\d(?:\.\d+)?|60(?:\.\d+)?)$/.exec(word) ?? [];
  if (hours !== undefined) {
    const whole = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    return { ok: { kind: "clock", time: whole * 1e6 } };
  }
  return /^\d+\.\d+$/.test(word)
    ? { error: `a time needs a unit: ${word}s since the first event; a line is a whole number` }
    : null;
}
