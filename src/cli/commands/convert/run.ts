import { LOG_WRITERS } from "../../../convert/log-writers.ts";
import { plural } from "../../../report/wording/format.ts";
import type { Io } from "../../io.ts";
import { rewrite } from "../../rewriting/rewrite.ts";
import type { ConvertRequest } from "./options.ts";

/**
 * Runs `mallog convert`. Returns the exit code.
 * @throws Failure, InputError
 */
export function convertLog({ inputs, values }: ConvertRequest, io: Io): Promise<number> {
  const { to } = values;
  return rewrite({ inputs, values }, io, LOG_WRITERS[to], {
    message: ({ writer, diagnostics }) => {
      const { malformed } = diagnostics.lines;
      const lost = writer.losses.text;
      return [
        lost === "" ? [] : `the ${to} format does not hold all: without ${lost}`,
        malformed === 0 ? [] : `left out ${plural(malformed, "line")} that mallog does not read`,
      ]
        .flat()
        .join("; ");
    },
  });
}
