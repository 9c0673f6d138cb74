/** A range wider than this part of the most likely value is shown. */
const WIDE_RANGE = 0.05;

/** True if one number in place of the range would claim too much. */
export function isWide(likeliestBytes: number, lowBytes: number, highBytes: number): boolean {
  return highBytes - lowBytes > WIDE_RANGE * likeliestBytes;
}
