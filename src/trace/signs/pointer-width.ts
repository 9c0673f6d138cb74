import type { EventBatch } from "../event.ts";
import { CUT_MODULUS } from "./address-space.ts";

/** Whether a hook printed whole pointers, or their low 32 bits. */
export class PointerWidth {
  /** an address of 2^32 or more was seen */
  isWhole = false;

  read({ length, pointerIn, pointerOut }: EventBatch): void {
    for (let i = 0; i < length && !this.isWhole; i++) {
      this.isWhole = pointerOut[i]! >= CUT_MODULUS || pointerIn[i]! >= CUT_MODULUS;
    }
  }
}
