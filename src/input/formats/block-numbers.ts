/** The first block's; above 2^32, so that the numbers are not taken for addresses cut to 32 bits. */
const FIRST = 2 ** 44;
const STEP = 16;

/** A pointer for a block that a log only numbers, 0 for a negative number, which stands for NULL. */
export function pointerOfBlock(number: number): number {
  return number < 0 ? 0 : FIRST + number * STEP;
}
