import type { ModelSummary, TouchFit } from "../../report/contract/report.ts";
import { byteUnit, percent, plural, signed, size } from "../../report/wording/format.ts";
import type { Sentence } from "../../report/wording/presented.ts";
import { plain } from "../sentences.ts";

const SOURCE: Readonly<Record<TouchFit["source"], string>> = {
  "--observed-rss": "--observed-rss",
  "rss samples": "the log's RSS samples",
};

/** Which bytes of the program's blocks count as written. */
export function writes({ touch, fit, holes }: Writes): string {
  if (holes === null) {
    return fit === null ? `--touch ${touch}` : fitted(fit, writtenOf(fit));
  }
  const overriding = fit === null ? null : overridden(fit, plural(holes.lines, "hole line"));
  if (fit !== null && overriding !== null) {
    return fitted(fit, overriding);
  }
  const which = holes.minBytes === null ? "some blocks" : `blocks ≥ ${size(holes.minBytes)}`;
  const policy = writes({ touch, fit, holes: null });
  return `from the log for ${which} (${plural(holes.lines, "hole line")}), ${policy} for others`;
}

type Writes = Pick<ModelSummary, "touch" | "fit" | "holes">;

/** What counts as written after a fit, what it was fitted to, and the remaining error. */
function fitted(fit: TouchFit, written: string | null): string {
  const { source, error } = fit;
  const to = SOURCE[source];
  const off =
    error.median === error.max
      ? `off by ${signed(error.max)}`
      : `off by ${signed(error.median)} in the median, ${signed(error.max)} at worst`;
  return written === null
    ? `--touch facts (not fitted to ${to}: what the program wrote makes no difference; ${off})`
    : `fitted to ${to}, ${written} (${off})`;
}

/** The blocks that the fitted ratio scales. */
const LARGE = "of 4 KiB or more";

/** What the program wrote of its blocks; null if that makes no difference. */
function writtenOf({ ratio, smallRatio, knownRatio }: TouchFit): string | null {
  if (ratio === null || smallRatio === null || knownRatio === null) {
    return null;
  }
  if (smallRatio < 1) {
    return smallRatio === 0
      ? "nothing written"
      : `no block ${LARGE} written, of smaller ones ${percent(smallRatio)}`;
  }
  if (knownRatio > 0) {
    return knownRatio === 1
      ? "every byte written"
      : `every block written, with ${percent(knownRatio)} of what libraries are known to leave unwritten`;
  }
  return `${percent(ratio)} of each block ${LARGE} written`;
}

/** The same where a number given takes away from what the log states of writes, or adds to it; null where it does neither. */
function overridden(
  { ratio, smallRatio, knownRatio, source }: TouchFit,
  lines: string,
): string | null {
  if (ratio === null || smallRatio === null || knownRatio === null) {
    return null;
  }
  if (source !== "--observed-rss" || (smallRatio === 1 && knownRatio === 0)) {
    return null;
  }
  if (smallRatio < 1) {
    return smallRatio === 0
      ? `nothing written, whatever the log states (${lines})`
      : `${percent(smallRatio)} of what the log states as written (${lines}), and of blocks below 4 KiB, no other block written`;
  }
  return knownRatio === 1
    ? `every byte written, whatever the log states (${lines})`
    : `every block written, with ${percent(knownRatio)} of what the log states as unwritten (${lines}), or libraries are known to leave so`;
}

const BOUND = {
  above: "the model's RSS with every byte written",
  below: "the model's RSS with nothing written",
} as const;

/** What else may explain a measured RSS that no assumption about writes gives. */
const MEANING = {
  above:
    "It may include memory that is not malloc's, blocks allocated before the log began, or transparent huge pages",
  below:
    "Pages may have been swapped out or returned by the program's own madvise, or it was measured at another moment or under other settings",
} as const;

/** What was fitted, where it is told apart from the rest of the basis; none without a fit. */
export function fitSentences(model: Writes): Sentence[] {
  const { fit } = model;
  return fit === null
    ? []
    : [plain(`Writes to blocks: ${writes(model)}.`), ...outsideSentences(fit)];
}

/** The measured RSS is outside of what any assumption about the program's writes gives; none if it is met. */
export function outsideSentences(fit: TouchFit | null): Sentence[] {
  return fit === null || fit.outside === null
    ? []
    : [{ tone: "bad", text: outsideText(fit, fit.outside) }];
}

function outsideText(fit: TouchFit, outside: NonNullable<TouchFit["outside"]>): string {
  const closest = `the closest value is used, off by ${signed(fit.error.max)}.`;
  if (fit.bounds === null) {
    return `The RSS samples are ${outside} ${BOUND[outside]}; ${closest} ${MEANING[outside]}.`;
  }
  const { measuredBytes, noneBytes, allBytes } = fit.bounds;
  const bound = outside === "above" ? allBytes : noneBytes;
  const unit = byteUnit([measuredBytes, bound]);
  const distance = size(Math.abs(measuredBytes - bound), unit);
  return `The measured RSS of ${size(measuredBytes, unit)} is ${distance} ${outside} ${BOUND[outside]}, ${size(bound, unit)}; ${closest} ${MEANING[outside]}.`;
}
