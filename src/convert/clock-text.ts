/** Above, a double has no room for parts of a second. */
const MOST_EXACT = Number.MAX_SAFE_INTEGER;

/** `00:01:30.500000`: µs on a log's clock, with nine decimals where six do not show all. */
export function clockText(time: number): string {
  const { seconds, nanoseconds } = partsOf(time);
  const minutes = Math.floor(seconds / 60);
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`;
  return `${clock}.${decimals(nanoseconds)}`;
}

/** `90.500000`: the same in seconds. */
export function secondsText(time: number): string {
  const { seconds, nanoseconds } = partsOf(time);
  return `${seconds}.${decimals(nanoseconds)}`;
}

function partsOf(time: number): { seconds: number; nanoseconds: number } {
  if (time > MOST_EXACT) {
    return { seconds: Math.round(time / 1e6), nanoseconds: 0 };
  }
  const seconds = Math.floor(time / 1e6);
  const nanoseconds = Math.round((time - seconds * 1e6) * 1000);
  // Parts of a ns may round up to a second.
  return nanoseconds < 1e9 ? { seconds, nanoseconds } : { seconds: seconds + 1, nanoseconds: 0 };
}

function decimals(nanoseconds: number): string {
  return nanoseconds % 1000 === 0
    ? String(nanoseconds / 1000).padStart(6, "0")
    : String(nanoseconds).padStart(9, "0");
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
