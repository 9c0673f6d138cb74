import { reasonOf } from "../files/system-error.ts";
import type { Output } from "../io.ts";
import { Failure } from "../problems.ts";

/**
 * Writes to standard output and waits until the text is out. A reader that has gone (`| head`) has seen all it wanted:
 * that is no error.
 * @throws Failure output
 */
export function print(stream: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error == null || ("code" in error && error.code === "EPIPE")) {
        resolve();
      } else {
        reject(new Failure({ code: "output", file: "standard output", reason: reasonOf(error) }));
      }
    });
  });
}
