import { Session } from "node:inspector";
import { Core } from "../../src/ptmalloc/core-module.ts";
import { withoutFlags } from "./core-image.ts";

/**
 * Compares a copy with its original field by field, #private fields included, through all objects they refer to. So a
 * field that a hand-written clone() forgets shows in a test, whatever its class.
 */

export interface CopyRules {
  /** fields, named as in `partsOf`, whose objects never change, so that original and copy may share them */
  readonly shared?: ReadonlySet<string>;
  /** fields that a copy does not take over */
  readonly skipped?: ReadonlySet<string>;
}

/** All that is wrong with the copy, as "Class.field: problem"; empty for a true copy. */
export function compareCopy(original: object, copy: object, rules: CopyRules = {}): string[] {
  const problems = new Set<string>();
  const copies = new Map<object, object>();
  const waiting: [string, unknown, unknown][] = [[original.constructor.name, original, copy]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [field, before, after] = next;
    if (rules.skipped?.has(field)) {
      continue;
    }
    if (!isObject(before) || !isObject(after)) {
      if (!Object.is(before, after)) {
        problems.add(`${field}: ${describeValue(after)} in the copy, not ${describeValue(before)}`);
      }
      continue;
    }
    if (before === after) {
      if (!rules.shared?.has(field)) {
        problems.add(`${field}: shared with the original`);
      }
      continue;
    }
    if (copies.has(before)) {
      if (copies.get(before) !== after) {
        problems.add(`${field}: not the copy of what the original refers to`);
      }
      continue;
    }
    copies.set(before, after);
    if (before instanceof Core && after instanceof Core) {
      if (withoutFlags(before).compare(withoutFlags(after)) !== 0) {
        problems.add(`${field}: other memory in the copy`);
      }
    } else if (before.constructor !== after.constructor) {
      problems.add(
        `${field}: ${after.constructor.name} in the copy, not ${before.constructor.name}`,
      );
    } else if (ArrayBuffer.isView(before) && ArrayBuffer.isView(after)) {
      compareViews(field, before, after, problems);
    } else {
      const [ours, theirs] = [partsOf(before, field), partsOf(after, field)];
      if (ours.length !== theirs.length) {
        problems.add(`${field}: ${theirs.length} elements in the copy, not ${ours.length}`);
      }
      ours.forEach(([name, value], i) => {
        waiting.push([name, value, theirs[i]?.[1]]);
      });
    }
  }
  return [...problems].sort();
}

/**
 * Calls `visit` once for each field of each object that can be reached from `root`, but for those below `shared`
 * fields.
 */
export function eachField(
  root: object,
  visit: (field: string, value: unknown, owner: object) => void,
  shared: ReadonlySet<string> = new Set(),
): void {
  const seen = new Set<object>();
  const waiting: [string, object][] = [[root.constructor.name, root]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [field, owner] = next;
    if (seen.has(owner) || ArrayBuffer.isView(owner) || owner instanceof Core) {
      continue;
    }
    seen.add(owner);
    for (const [name, value] of partsOf(owner, field)) {
      if (!isCollection(owner)) {
        visit(name, value, owner);
      }
      if (isObject(value) && !shared.has(name)) {
        waiting.push([name, value]);
      }
    }
  }
}

/** A short text: "empty", "zeros" or "filled" for a collection, the class for another object, else the value. */
export function describeValue(value: unknown): string {
  if (typeof value === "function") {
    return "a function";
  }
  if (!isObject(value)) {
    return String(value);
  }
  if (value instanceof Map || value instanceof Set) {
    return value.size === 0 ? "empty" : "filled";
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const elements = Array.from(value as ArrayLike<unknown>);
    return elements.length === 0
      ? "empty"
      : elements.every((one) => one === 0)
        ? "zeros"
        : "filled";
  }
  return `an object of ${value.constructor.name}`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isCollection(value: object): value is unknown[] | Map<unknown, unknown> | Set<unknown> {
  return Array.isArray(value) || value instanceof Map || value instanceof Set;
}

function compareViews(
  field: string,
  before: ArrayBufferView,
  after: ArrayBufferView,
  problems: Set<string>,
): void {
  if (before.buffer === after.buffer) {
    problems.add(`${field}: shares its buffer with the original`);
  } else if (bytesOf(before).compare(bytesOf(after)) !== 0) {
    problems.add(`${field}: other content in the copy`);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

/**
 * Fields of an object as "Class.field"; those of a plain object as "Class.object.field"; elements of a collection, keys of
 * a map included, as "Class.collection[]".
 */
function partsOf(owner: object, field: string): [string, unknown][] {
  if (isCollection(owner)) {
    const elements = Array.isArray(owner) ? Array.from(owner) : [...owner].flat();
    return elements.map((value) => [`${field}[]`, value]);
  }
  const name = owner.constructor === Object ? field : owner.constructor.name;
  return [...Object.entries(owner), ...privateFields(owner)].map(([key, value]) => [
    `${name}.${key}`,
    value,
  ]);
}

// Only a debugger reads #private fields of any class, so this process debugs itself.

const session = new Session();
session.connect();

/** Carries objects from and to what the debugger evaluates. */
const carrier = globalThis as { inspected?: unknown };
const EXPRESSION = "globalThis.inspected";

/** The parts of the protocol's RemoteObject used here. */
interface RemoteValue {
  readonly objectId?: string;
  readonly value?: unknown;
  /** NaN, Infinity, -0 */
  readonly unserializableValue?: string;
}

/** Handles to objects, which are let go together. */
const objectGroup = "fields";

function ask<T>(method: string, parameters: object): T {
  let answer: T | null = null;
  session.post(method, parameters, (error, result) => {
    if (error !== null) {
      throw error;
    }
    answer = result as T;
  });
  if (answer === null) {
    throw new Error(`no answer to ${method}`);
  }
  return answer;
}

function privateFields(owner: object): [string, unknown][] {
  carrier.inspected = owner;
  const { result } = ask<{ result: RemoteValue }>("Runtime.evaluate", {
    expression: EXPRESSION,
    objectGroup,
  });
  const { privateProperties = [] } = ask<{
    privateProperties?: { name: string; value?: RemoteValue }[];
  }>("Runtime.getProperties", { objectId: result.objectId, ownProperties: true });
  const fields = privateProperties.flatMap(({ name, value }): [string, unknown][] =>
    // accessors have no value
    value === undefined ? [] : [[name, localOf(value)]],
  );
  ask("Runtime.releaseObjectGroup", { objectGroup });
  carrier.inspected = undefined;
  return fields;
}

/** The value that the debugger describes. */
function localOf({ objectId, value, unserializableValue }: RemoteValue): unknown {
  if (objectId === undefined) {
    return unserializableValue === undefined ? value : Number(unserializableValue);
  }
  ask("Runtime.callFunctionOn", {
    objectId,
    functionDeclaration: `function () { ${EXPRESSION} = this; }`,
  });
  return carrier.inspected;
}
