import type { CallerSummary } from "../report/contract/allocations.ts";
import { CUT_MODULUS } from "../trace/signs/address-space.ts";
import type { CodeMappings } from "../trace/stated/code-mappings.ts";

/** The callers with their modules, as far as the mappings show them. */
export function placed(callers: readonly CallerSummary[], mappings: CodeMappings): CallerSummary[] {
  // One whole address shows that the hook cuts none.
  const areCut = callers.every(({ caller }) => (addressOf(caller) ?? 0) < CUT_MODULUS);
  return callers.map((row) => {
    const address = addressOf(row.caller);
    const place = address === null ? namedPlace(row.caller) : mappings.find(address, areCut);
    return place === null ? row : { ...row, ...place };
  });
}

function addressOf(caller: string | null): number | null {
  return caller !== null && /^0x[0-9a-f]{1,16}$/.test(caller) ? Number(caller) : null;
}

/** Of `libzip.so+0x41` the module, of `inflate+0x41` the function; null if the text is of another kind. */
function namedPlace(
  caller: string | null,
): Pick<CallerSummary, "module" | "offset"> | Pick<CallerSummary, "symbol"> | null {
  const [, name, offset] = /^(\S.*?)\+0x([0-9a-f]{1,12})$/i.exec(caller ?? "") ?? [];
  if (name === undefined || offset === undefined) {
    return null;
  }
  const isModule = name.startsWith("/") || /\.so(?:\.[\d.]+)?$/.test(name);
  return isModule ? { module: name, offset: Number.parseInt(offset, 16) } : { symbol: name };
}
