import { type FieldRole, roleOfName } from "./field-names.ts";
import type { Fields } from "./field-record.ts";
import { callNamed } from "./named-call.ts";
import { opNamed } from "./record-ops.ts";

/** True if a field's text is an operation. */
export function isOperation(text: string): boolean {
  return opNamed(text) !== null || callNamed(text) !== null;
}

/** The fields of a record by their roles, from names and texts in order: of several for a role, the first that has one. */
export function namedFields(named: Iterable<readonly [name: string, text: string]>): Fields {
  const fields = new Map<FieldRole, string>();
  let elements = "";
  for (const [name, text] of named) {
    const role = roleOfName(name);
    if (text === "" || (role === "op" && !isOperation(text))) {
      continue;
    }
    if (role === "count" && name.toLowerCase() === "n") {
      elements = text;
    } else if (!fields.has(role)) {
      fields.set(role, text);
    }
  }
  if (elements !== "") {
    // `n` is calloc's number of elements, or the only size that there is.
    const role = fields.has("size") ? "count" : "size";
    fields.set(role, fields.get(role) ?? elements);
  }
  return fields;
}
