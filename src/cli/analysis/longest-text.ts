import { Failure } from "../problems.ts";

/**
 * What `format` returns.
 * @throws Failure tooLong
 */
export function withinLongestText(threads: number, format: () => string): string {
  try {
    return format();
  } catch (error) {
    if (error instanceof RangeError && error.message === "Invalid string length") {
      throw new Failure({ code: "tooLong", threads });
    }
    throw error;
  }
}
