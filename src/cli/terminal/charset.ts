import { asciiText } from "../../report/wording/ascii-text.ts";
import type { Environment, Io, Output } from "../io.ts";
import { isAsciiOnly } from "./capabilities.ts";

/** Text for people, in the characters that a stream's locale has. */
export function inCharset(text: string, stream: Output, env: Environment): string {
  return isAsciiOnly(stream, env) ? asciiText(text) : text;
}

/** The same process, whose standard error has only those characters: all that mallog writes there is for people. */
export function withCharset(io: Io): Io {
  const { stderr, env } = io;
  if (!isAsciiOnly(stderr, env)) {
    return io;
  }
  const ascii: Output = Object.create(stderr, {
    write: { value: (text: string) => stderr.write(asciiText(text)) },
  });
  // Not a copy: standard input is opened when it is first asked for.
  return Object.create(io, { stderr: { value: ascii } });
}
