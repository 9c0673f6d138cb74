import { expect, it } from "vitest";
import { InstancePool, type Owner, type PooledInstance } from "../../src/wasm/instance-pool.ts";

class Instance implements PooledInstance {
  owner: Owner | null = null;
  lastUse = 0;
  isRunning = false;
}

/** A pool, and what an owner does: it takes an instance, and gives it up when it is parked. */
function poolOf(most: number, create: () => Instance = () => new Instance()) {
  const pool = new InstancePool(most, create);
  const parked: string[] = [];
  const own = (name: string): Instance => {
    const instance = pool.take();
    instance.owner = {
      park() {
        parked.push(name);
        instance.owner = null;
      },
    };
    pool.use(instance);
    return instance;
  };
  return { pool, parked, own };
}

it("parks the owner that was used longest ago", () => {
  const { pool, parked, own } = poolOf(2);
  const a = own("a");
  own("b");
  pool.use(a);
  own("c");
  expect(parked).toEqual(["b"]);
  own("d");
  expect(parked).toEqual(["b", "a"]);
});

it("prefers an instance that nobody owns", () => {
  const { parked, own } = poolOf(2);
  const a = own("a");
  own("b");
  a.owner = null;
  expect(own("c")).toBe(a);
  expect(parked).toEqual([]);
});

it("does with those that the system has addresses for", () => {
  let left = 1;
  const { parked, own } = poolOf(3, () => {
    if (left-- === 0) {
      throw new RangeError("no addresses");
    }
    return new Instance();
  });
  const a = own("a");
  expect(own("b")).toBe(a);
  expect(parked).toEqual(["a"]);
});

it("parks nothing that runs, but takes more than enough or fails", () => {
  let left = 4;
  const { parked, own } = poolOf(2, () => {
    if (left-- === 0) {
      throw new RangeError("no addresses");
    }
    return new Instance();
  });
  const a = own("a");
  a.isRunning = true;
  const b = own("b");
  expect(own("c")).toBe(b);
  expect(parked).toEqual(["b"]);
  b.isRunning = true;
  const d = own("d");
  expect([a, b]).not.toContain(d);
  expect(own("e")).toBe(d);
  d.isRunning = true;
  own("f").isRunning = true;
  expect(parked).toEqual(["b", "d"]);
  expect(() => own("g")).toThrow(RangeError);
});

it("fails if there are none at all", () => {
  const { own } = poolOf(3, () => {
    throw new RangeError("no addresses");
  });
  expect(() => own("a")).toThrow(RangeError);
});
