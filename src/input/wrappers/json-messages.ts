import type { Wrapper } from "./wrapper.ts";

/**
 * Lines in JSON objects, one a line: Docker's json-file (`{"log":"…\n","stream":"stdout","time":"…"}`), journalctl -o json, and
 * what fluentd, Elastic's agents and the like write. The object must hold a call as text.
 */

const MESSAGES: readonly string[] = ["log", "message", "msg", "MESSAGE", "line", "text"];

const TIMES: readonly string[] = ["time", "@timestamp", "timestamp", "ts", "__REALTIME_TIMESTAMP"];

export const JSON_MESSAGES: Wrapper = {
  name: "JSON",
  wraps: (line) => {
    const message = messageOf(line);
    return message !== null && /\w\s*\(/.test(message.text);
  },
  unwrap: (bytes, start, end, out, at, withTime) => {
    const message = messageOf(bytes.toString("utf8", start, end));
    if (message === null) {
      return at + bytes.copy(out, at, start, end);
    }
    const { text, time } = message;
    return at + out.write(withTime && time !== null ? `${time} ${text}` : text, at, end - start);
  },
};

interface Message {
  /** one line */
  readonly text: string;
  readonly time: string | null;
}

/** Null: the line is no JSON object with a text. */
function messageOf(line: string): Message | null {
  if (!/^\s*\{.*\}\s*$/.test(line)) {
    return null;
  }
  const object = parsed(line);
  const text = firstOf(object, MESSAGES);
  if (text === null) {
    return null;
  }
  return { text: text.trimEnd().replace(/[\r\n]+/g, " "), time: firstOf(object, TIMES) };
}

function parsed(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** The first of the object's `keys` that has a text or a number, as text. */
function firstOf(object: object, keys: readonly string[]): string | null {
  for (const key of keys) {
    const value: unknown = Reflect.get(object, key);
    if (typeof value === "string") {
      return value;
    }
    if (typeof value === "number") {
      return String(value);
    }
  }
  return null;
}
