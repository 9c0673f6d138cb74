import { FORMATS } from "./registry.ts";

/**
 * What --input-format takes: hooks' logs, and the formats of the registry. The build writes the names in place of this: the
 * command line starts without the readers.
 */
export const FORMAT_NAMES: readonly string[] = ["native", ...FORMATS.map(({ name }) => name)];
