import type { InstancePool, Owner } from "./instance-pool.ts";
import type { StateImage } from "./state-image.ts";
import type { StateInstance } from "./state-instance.ts";

/**
 * A state of a module. It is attached, in an instance, or parked: an image of the bytes in use. Whoever uses a parked one
 * attaches it; the one that was used longest ago is then parked.
 */
export abstract class StateOwner<I extends StateInstance> implements Owner {
  readonly #pool: InstancePool<I>;
  #instance: I | null = null;
  /** null: there is an instance, or the state has not begun */
  #image: StateImage | null;

  constructor(pool: InstancePool<I>, image: StateImage | null) {
    this.#pool = pool;
    this.#image = image;
  }

  /** The instance that holds the state. Another use of any owner may park it. */
  get attached(): I {
    const instance = this.#instance ?? this.#attach();
    this.#pool.use(instance);
    return instance;
  }

  /** The same; null while the state is parked. */
  get instance(): I | null {
    return this.#instance;
  }

  get calls(): I["calls"] {
    return this.attached.calls;
  }

  /** Bytes of the image. */
  get imageBytes(): number {
    return this.#image?.length ?? this.attached.imageBytes;
  }

  /** Parks the state. */
  park(): void {
    if (this.#instance !== null) {
      this.#image = this.#instance.image(null);
      this.#giveUp();
    }
  }

  /** An image for a copy, in the memory of `recycled` where that serves. */
  image(recycled: StateImage | null): StateImage {
    return this.#image?.copy(recycled) ?? this.attached.image(recycled);
  }

  /** Begins the state in an instance whose memory holds none. */
  abstract begin(instance: I): void;

  /** Takes an instance that holds the state. */
  own(instance: I): void {
    instance.owner = this;
    this.#pool.use(instance);
    this.#instance = instance;
  }

  /** Gives up the state. Returns the instance and the image, of which there is one at most. */
  release(): { instance: I | null; image: StateImage | null } {
    const released = { instance: this.#instance, image: this.#image };
    this.#giveUp();
    this.#image = null;
    return released;
  }

  /** Takes the state of `image` instead of its own. */
  replace(image: StateImage): void {
    this.#giveUp();
    this.#image = image;
  }

  #giveUp(): void {
    if (this.#instance !== null) {
      this.#instance.owner = null;
      this.#instance = null;
    }
  }

  #attach(): I {
    const instance = this.#pool.take();
    if (this.#image === null) {
      this.begin(instance);
    } else {
      instance.load(this.#image);
      this.#image = null;
    }
    this.own(instance);
    return instance;
  }
}
