/** Variables of glibc's malloc. Others of the name MALLOC_* are of other libraries, and may say anything. */
const VARIABLE =
  /^MALLOC_(?:ARENA_MAX|ARENA_TEST|TRIM_THRESHOLD_|TOP_PAD_|MMAP_THRESHOLD_|MMAP_MAX_|PERTURB_|CHECK_)$/;
const TUNABLE = /^glibc\.(?:malloc|rtld|mem|elision|pthread|cpu)\.[a-z0-9_]{1,40}$/;
const NUMBER = /^[-+]?(?:0x[\da-f]{1,16}|\d{1,20})[kmg]?$/i;

/** `NAME=VALUE` of an environment variable or a tunable, without what may identify anything; null: nothing is left. */
export function sharedSetting(text: string): string | null {
  const at = text.indexOf("=");
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  if (name === "GLIBC_TUNABLES") {
    return `${name}=${value.split(":").map(sharedTunable).join(":")}`;
  }
  const isKnown = VARIABLE.test(name) || TUNABLE.test(name);
  return isKnown && NUMBER.test(value) ? text : null;
}

/** An unknown part becomes one as long: the length of the variable moves the start of the heap. */
function sharedTunable(part: string): string {
  const at = part.indexOf("=");
  const isKnown = TUNABLE.test(part.slice(0, at)) && NUMBER.test(part.slice(at + 1));
  return isKnown
    ? part
    : part.replace(/[^=]/g, (character) => "x".repeat(Buffer.byteLength(character)));
}

const ASSIGNMENT =
  /^([-+@$*\s]{0,8}(?:(?:onlysecure|nonsecure|anysecure)\s{1,8})?[-+@$*\s]{0,8})(\S{1,60}?)\s{0,8}=\s{0,8}(-?\d{1,20})/;

/**
 * A line of /etc/tunables.conf; null: nothing of it is left. `programName`: what stands for the path or the name of a
 * program.
 */
export function sharedConfLine(line: string, programName: (path: string) => string): string | null {
  const filter = /^\[([^\]]*)\]/.exec(line)?.[1];
  if (filter !== undefined) {
    const program = /^proc:(.*)$/.exec(filter)?.[1];
    if (program !== undefined) {
      return `[proc:${programName(program)}]`;
    }
    // A filter of another kind holds for all programs, and one without a colon is skipped.
    return filter === "" ? "[]" : filter.includes(":") ? "[other:]" : "[other]";
  }
  const [, prefix, name = "", value] = ASSIGNMENT.exec(line) ?? [];
  return TUNABLE.test(name) ? `${prefix}${name}=${value}` : null;
}
