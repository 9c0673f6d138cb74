import { writeErrorReason } from "../files/system-error.ts";
import type { Output } from "../io.ts";
import { Failure } from "../problems.ts";

/**
 * Writes to standard output and waits until the text is written. A reader that closed its end (`| head`) has read all it
 * wants: this is not an error.
 * @throws Failure output
 */
export function print(stream: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error == null || ("code" in error && error.code === "EPIPE")) {
        resolve();
      } else {
        const reason = writeErrorReason(error);
        reject(new Failure({ code: "output", file: "standard output", reason }));
      }
    });
  });
}
