import { plural } from "../../../report/wording/format.ts";
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
      for (const [option, asked, gate] of [
        ["--from", values.from, from],
        ["--to", values.to, to],
      ] as const) {
        if (asked?.moment.kind === "mark" && !gate?.isFound) {
          throw refused(option, asked, "the log has no such mark");
        }
      }
      if (writer.events === 0 && values.from !== undefined && !from?.isPassed) {
        throw refused("--from", values.from, "the log has no call after it");
      }
      if (writer.events === 0 && values.to !== undefined) {
        const isAfterFrom = values.from !== undefined;
        const reason = isAfterFrom ? "is not after --from" : "the log begins after it";
        throw refused("--to", values.to, reason);
      }
    },
    message: ({ writer, diagnostics }) => summary(writer, diagnostics.lines.malformed),
  });
}

function gateOf(asked: AskedGate | undefined): MomentGate | null {
  return asked === undefined ? null : new MomentGate(asked.moment);
}

function refused(option: string, { text }: AskedGate, reason: string): Failure {
  return new Failure({ code: "option", option, value: text, reason });
}

function summary(
  { events, blocksBefore, threads, sites, comments }: ShrinkingWriter,
  malformed: number,
): string {
  const before = blocksBefore === 0 ? "" : `, and above ${plural(blocksBefore, "live block")}`;
  const left = [
    ...(comments.leftOut === 0 ? [] : [plural(comments.leftOut, "comment")]),
    ...(malformed === 0 ? [] : [`${plural(malformed, "line")} that mallog does not read`]),
  ];
  return [
    `${plural(events, "call")}${before}`,
    `new numbers for ${plural(threads.size, "thread")} and ${plural(sites.size, "page")} of code`,
    ...(left.length === 0 ? [] : [`left out ${left.join(", and ")}`]),
  ].join("; ");
}
