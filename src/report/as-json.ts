/** What JSON.stringify prints in place of a value: an object may be a view of figures kept elsewhere. */
export function asJson(value: unknown): unknown {
  const isView = typeof value === "object" && value !== null && "toJSON" in value;
  return isView && typeof value.toJSON === "function" ? value.toJSON() : value;
}
