import { plural } from "../../../report/format.ts";
import { MomentGate } from "../../../shrink/moment-gate.ts";
import { ShrinkingWriter } from "../../../shrink/shrinking-writer.ts";
import type { Io } from "../../io.ts";
import { Failure } from "../../problems.ts";
import { rewrite } from "../../rewriting/rewrite.ts";
import type { AskedGate, ShrinkRequest } from "./options.ts";

/**
 * Runs `mallog shrink`. Returns the exit code.
 * @throws Failure, InputError
 */
export function shrinkLog({ inputs, values }: ShrinkRequest, io: Io): Promise<number> {
  const from = gateOf(values.from);
  const to = gateOf(values.to);
  return rewrite({ inputs, values }, io, () => new ShrinkingWriter({ from, to }), {
    check: ({ writer }) => {
      if (writer.events === 0) {
        refuse("--from", values.from, from?.isPassed ? "is not before --to" : from?.missing);
      }
      if (values.to?.moment.kind === "mark" && !to?.isPassed) {
        refuse("--to", values.to, to?.missing);
      }
    },
    message: ({ writer, diagnostics }) => summary(writer, diagnostics.lines.malformed),
  });
}

function gateOf(asked: AskedGate | undefined): MomentGate | null {
  return asked === undefined ? null : new MomentGate(asked.moment);
}

/** @throws Failure option */
function refuse(option: string, asked: AskedGate | undefined, reason = "no call is left"): never {
  throw new Failure({ code: "option", option, value: asked?.text ?? null, reason });
}

function summary(
  { events, blocksBefore, threads, sites, comments }: ShrinkingWriter,
  malformed: number,
): string {
  const before =
    blocksBefore === 0 ? "" : `, above them ${plural(blocksBefore, "block")} that were live`;
  const left = [plural(comments.leftOut, "comment"), plural(malformed, "line")];
  return [
    `${plural(events, "call")}${before}`,
    `new numbers for ${plural(threads.size, "thread")} and ${plural(sites.size, "page")} of code`,
    `left out ${left[0]}${malformed === 0 ? "" : `, and ${left[1]} that mallog does not read`}`,
  ].join("; ");
}
