import { Failure } from "../problems.ts";

/**
 * What `format` returns. `threads`: of the report that it formats; null: it formats a moment's heap.
 * @throws Failure tooLong
 */
export function withinLongestText(threads: number | null, format: () => string): string {
  try {
    return format();
  } catch (error) {
    if (error instanceof RangeError && error.message === "Invalid string length") {
      throw new Failure({ code: "tooLong", threads });
    }
    throw error;
  }
}
