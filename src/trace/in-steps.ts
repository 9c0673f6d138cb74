/**
 * Work of a second or more, in steps of some milliseconds: between two of them the event loop can have a turn, without
 * which no signal is handled.
 */
export type InSteps<Result = void> = Generator<void, Result>;

/** Makes all steps that are left, in a row. */
export function completed<Result>(work: InSteps<Result>): Result {
  let next = work.next();
  while (next.done !== true) {
    next = work.next();
  }
  return next.value;
}
