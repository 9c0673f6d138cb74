import type { Arena } from "./arena.ts";
import type { CoreHost, Instance } from "./core-module.ts";
import type { Ptmalloc, Witness } from "./ptmalloc.ts";
import { mallopt } from "./settings.ts";

// What `arenaShown` returns besides the address of an arena.
const UNKNOWN_ARENA = 0;
const NEW_ARENA = 1;

/** Answers the core's questions for its process. */
export class ProcessHost implements CoreHost {
  readonly #m: Ptmalloc;

  constructor(m: Ptmalloc) {
    this.#m = m;
  }

  sharesArena(): boolean {
    return this.#witness.sharesArena();
  }

  sharesMainArena(): boolean {
    return this.#witness.sharesMainArena();
  }

  arenaShown(): number {
    const shown = this.#witness.arenaShown();
    if (shown === null) {
      return UNKNOWN_ARENA;
    }
    return shown === "new" ? NEW_ARENA : shown.address;
  }

  choseArena(list: number, count: number): void {
    const { i32 } = this.#m.core.attached;
    const addresses = i32.slice(list / 4, list / 4 + count);
    this.#witness.choseArena(Array.from(addresses, (address) => this.#arenaAt(address)));
  }

  isMapped(arena: number, bytes: number, mapped: boolean): boolean {
    return this.#witness.isMapped(this.#arenaAt(arena), bytes, mapped);
  }

  trylock(): boolean {
    return this.#m.trylock?.() ?? true;
  }

  raised(mmapThreshold: number, trimThreshold: number): void {
    this.#m.onRaise?.(mmapThreshold, trimThreshold);
  }

  applyMallopt(parameter: number, value: number): void {
    mallopt(this.#m.par, this.#m.profile, parameter, value);
  }

  dropped(heap: number, from: number, to: number): void {
    this.#m.onDropped?.(this.#m.heaps[heap]!, from, to);
  }

  attached(instance: Instance): void {
    this.#m.writeFlagsTo(instance);
  }

  get #witness(): Witness {
    const { witness } = this.#m;
    if (witness === null) {
      throw new Error("the core asks a witness that the process does not have");
    }
    return witness;
  }

  #arenaAt(address: number): Arena {
    const arena = this.#m.arenaAt(address);
    if (arena === null) {
      throw new Error("the core names no arena");
    }
    return arena;
  }
}
