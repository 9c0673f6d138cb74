/** A smaller gain, in either measure, is not worth a change of settings, or a command. */
export const WORTHWHILE_RATIO = 0.05;
const WORTHWHILE_BYTES = 1024 * 1024;

/** True if it is worth it to save so many bytes of `rssBytes`. */
export function isWorthwhile(savedBytes: number, rssBytes: number): boolean {
  return savedBytes >= WORTHWHILE_BYTES && savedBytes >= WORTHWHILE_RATIO * rssBytes;
}
