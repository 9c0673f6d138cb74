import type { CallerSummary } from "../contract/report.ts";

/** A call site as tables name it: the function and its place as far as they are known, else the module, else as logged. */
export function callerLabel(
  row: Pick<CallerSummary, "caller" | "module" | "offset" | "symbol" | "file" | "line" | "merged">,
): string {
  const { caller, module, offset, symbol, file, line, merged } = row;
  if (symbol !== null) {
    const at = file === null ? null : line === null ? nameOf(file) : `${nameOf(file)}:${line}`;
    return at === null
      ? caller?.startsWith(symbol)
        ? caller
        : inModule(symbol, module)
      : `${symbol} ${at}`;
  }
  if (module !== null && offset !== null) {
    return `${nameOf(module)}+0x${offset.toString(16)}`;
  }
  return caller ?? (merged ? "all others" : "not logged");
}

function inModule(symbol: string, module: string | null): string {
  return module === null ? symbol : `${symbol} (${nameOf(module)})`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
