/** A range of addresses that grows by what is seen in it. */
export class AddressRange {
  /** 2^53 and −1 while it is empty: every comparison is false */
  from: number = Number.MAX_SAFE_INTEGER;
  /** the first address beyond it */
  to = -1;

  get isEmpty(): boolean {
    return this.to < 0;
  }

  includes(address: number): boolean {
    return address >= this.from && address < this.to;
  }

  /** Bytes between the range and an address outside of it; 0 inside, Infinity if the range is empty. */
  distanceTo(address: number): number {
    if (this.isEmpty) {
      return Number.POSITIVE_INFINITY;
    }
    return Math.max(0, this.from - address, address - this.to);
  }

  extend(from: number, to: number): void {
    this.from = Math.min(this.from, from);
    this.to = Math.max(this.to, to);
  }
}
