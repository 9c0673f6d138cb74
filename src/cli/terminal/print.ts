import { writeErrorReason } from "../files/system-error.ts";
import type { Output } from "../io.ts";
import { Failure } from "../problems.ts";

/**
 * Writes to standard output and waits until the text is written. A reader that closed its end (`| head`) has read all it
 * wants: this is not an error.
 * @throws Failure output
 */
export async function print(stream: Output, text: string): Promise<void> {
  await isPrinted(stream, text);
}

/** The second is the answer to whatever is written after the first. */
const GONE = ["EPIPE", "ERR_STREAM_DESTROYED"];

/**
 * Does the same. Returns false if the reader has closed its end.
 * @throws Failure output
 */
export function isPrinted(stream: Output, text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error == null) {
        resolve(true);
      } else if ("code" in error && GONE.includes(String(error.code))) {
        resolve(false);
      } else {
        const reason = writeErrorReason(error);
        reject(new Failure({ code: "output", file: "standard output", reason }));
      }
    });
  });
}
