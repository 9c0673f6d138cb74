import type { Finding } from "../contract/report.ts";
import { size } from "./format.ts";

/** The amount that stands behind a finding's message; null if it has none, or the message states it. */
export function findingAmount({ bytes, message }: Finding): string | null {
  const amount = size(bytes);
  return bytes === 0 || message.includes(amount) ? null : amount;
}
