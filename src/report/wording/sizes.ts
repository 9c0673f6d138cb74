/** Parses sizes and durations as people type them; format.ts prints them. */

const POWER: Readonly<Record<string, number>> = { "": 0, k: 1, m: 2, g: 3, t: 4 };

/**
 * Bytes from `4096`, `64K`, `900MiB`, `1.5GB`. KiB, Ki and a bare K are 1024 bytes, as in docker, ulimit and Kubernetes;
 * KB is 1000. Null for anything else.
 */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)(b?)$/i.exec(text.trim());
  if (match === null) {
    return null;
  }
  const [, number = "", prefix = "", binary = "", bytes = ""] = match;
  if (prefix === "" && binary !== "") {
    return null;
  }
  const decimal = prefix !== "" && binary === "" && bytes !== "";
  const value = Number(number) * (decimal ? 1000 : 1024) ** (POWER[prefix.toLowerCase()] ?? 0);
  return Number.isSafeInteger(Math.round(value)) ? Math.round(value) : null;
}

/** Seconds of each unit of a duration. */
export const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  min: 60,
  h: 3600,
};

/** Seconds from `500ms`, `30s`, `2m`, `1h`; null for anything else, including zero. */
export function parseDuration(text: string): number | null {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)$/.exec(text.trim()) ?? [];
  const seconds = Number(number) * (SECONDS[unit] ?? 0);
  return seconds > 0 ? seconds : null;
}
