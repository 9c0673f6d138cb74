import { expect, it } from "vitest";
import { InstancePool } from "../../src/wasm/instance-pool.ts";
import { StateInstance } from "../../src/wasm/state-instance.ts";
import { StateOwner } from "../../src/wasm/state-owner.ts";

/** The ledger's module, of which these tests use the table of pointers. */
interface Calls {
  readonly memory: WebAssembly.Memory;
  begin(ofFewCalls: number, exact: number, anyThread: number, anySize: number): void;
  insert(pointer: number): number;
  pointers(): number;
  find(pointer: number): number;
}

class Instance extends StateInstance<Calls> {
  constructor() {
    super("ledger");
  }

  override imports(): object {
    return {};
  }
}

class Table extends StateOwner<Instance> {
  begins = 0;

  override begin(instance: Instance): void {
    this.begins++;
    instance.clear();
    instance.calls.begin(0, 0, 0, 0);
  }

  fill(from: number, to: number): this {
    for (let n = from; n < to; n++) {
      this.calls.insert(16 * n);
    }
    return this;
  }
}

function poolOf(most: number): InstancePool<Instance> {
  return new InstancePool(most, () => new Instance());
}

/** More than an image that is packed has room for, and more than a new memory has. */
const MANY = 200_000;

it.each([10, MANY])("a state of %i pointers is the same after another was attached", (count) => {
  const pool = poolOf(1);
  const first = new Table(pool, null).fill(1, count + 1);
  const ids = [first.calls.find(16), first.calls.find(16 * count)];
  const second = new Table(pool, null).fill(1, 4);
  expect(first.instance).toBeNull();
  expect(second.calls.pointers()).toBe(3);
  expect([first.calls.find(16), first.calls.find(16 * count)]).toEqual(ids);
  expect(first.calls.pointers()).toBe(count);
  expect(second.instance).toBeNull();
  expect([first.begins, second.begins]).toEqual([1, 1]);
});

it("a state that was parked goes on where it was, in less memory than it needs", () => {
  const pool = poolOf(2);
  const large = new Table(pool, null).fill(1, MANY);
  const image = large.image(null);
  large.fill(MANY, MANY + 10);
  // The instance that takes it has a memory of the least size.
  const copy = new Table(pool, image);
  expect(copy.calls.pointers()).toBe(MANY - 1);
  expect(copy.fill(MANY, MANY + 3).calls.pointers()).toBe(MANY + 2);
  expect(large.calls.pointers()).toBe(MANY + 9);
});

it("another instance loads a state as it is", () => {
  const [from, to] = [new Instance(), new Instance()];
  const owner = new Table(poolOf(1), null);
  owner.begin(from);
  for (let n = 1; n < MANY; n++) {
    from.calls.insert(16 * n);
  }
  to.loadFrom(from);
  expect(to.imageBytes).toBe(from.imageBytes);
  expect(to.calls.pointers()).toBe(MANY - 1);
});

it("a state that is released leaves its instance to others", () => {
  const pool = poolOf(1);
  const owner = new Table(pool, null).fill(1, 10);
  const { instance, image } = owner.release();
  expect(image).toBeNull();
  expect(instance?.owner).toBeNull();
  expect(pool.take()).toBe(instance);
});

it("the views are those of the memory after it has grown", () => {
  const { attached } = new Table(poolOf(1), null).fill(1, MANY);
  expect(attached.u8.buffer).toBe(attached.calls.memory.buffer);
  expect(attached.i32.length).toBe(attached.u8.length / 4);
});
