import { CUT_MODULUS, isAmongMappings } from "../trace/signs/address-space.ts";

const PAGE = 4096;

/** New pages for code: those that are neighbours in the log stay so, and others are far apart. */
interface Area {
  readonly firstPage: number;
  /** pages of the room around each page without neighbours */
  readonly room: number;
  readonly rooms: number;
  used: number;
}

/** Pages of code that are told apart: more than programs have. */
const MAX_PAGES = 2 ** 20;

/**
 * Gives return addresses other places, page by page in order of appearance. The model asks whether a call site is in a
 * library or in the program, whether its address is cut, and which are in the same piece of code: all that stays as it is.
 */
export class CallSites {
  readonly #pages = new Map<number, number>();
  readonly #low: Area = area(0x1000_0000, CUT_MODULUS, 16);
  readonly #program: Area = area(0x5600_0000_0000, 0x5700_0000_0000, 256);
  readonly #libraries: Area = area(0x7f00_0000_0000, 0x8000_0000_0000, 256);

  /** pages of code so far */
  get size(): number {
    return this.#pages.size;
  }

  /** `caller`: as EventBatch.caller; a text gets an address, too. 0 stays 0. */
  of(caller: number): number {
    if (caller === 0) {
      return 0;
    }
    const page = caller < 0 ? caller : Math.floor(caller / PAGE);
    const offset = caller < 0 ? 0 : caller % PAGE;
    return this.#pageOf(page, this.#areaOf(caller)) * PAGE + offset;
  }

  #areaOf(caller: number): Area {
    if (caller < CUT_MODULUS) {
      return this.#low;
    }
    return isAmongMappings(caller) ? this.#libraries : this.#program;
  }

  #pageOf(page: number, place: Area): number {
    const known = this.#pages.get(page);
    if (known !== undefined) {
      return known;
    }
    if (this.#pages.size === MAX_PAGES) {
      return place.firstPage;
    }
    const found = this.#besideNeighbour(page, place) ?? pageInNewRoom(place);
    this.#pages.set(page, found);
    return found;
  }

  #besideNeighbour(page: number, { room }: Area): number | null {
    const below = page < 0 ? undefined : this.#pages.get(page - 1);
    if (below !== undefined && (below + 1) % room !== 0) {
      return below + 1;
    }
    const above = page < 0 ? undefined : this.#pages.get(page + 1);
    return above !== undefined && above % room !== 0 ? above - 1 : null;
  }
}

function area(from: number, to: number, room: number): Area {
  return { firstPage: from / PAGE, room, rooms: (to - from) / PAGE / room, used: 0 };
}

/** A page in the middle of a new room; the last room is that of all for which none is left. */
function pageInNewRoom(place: Area): number {
  const n = Math.min(place.used, place.rooms - 1);
  place.used++;
  return place.firstPage + n * place.room + place.room / 2;
}
