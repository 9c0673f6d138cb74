import { FLAMES, type Frame, stacksOf } from "../flame.ts";
import { sourceName } from "../wording/printable.ts";
import { printJson } from "./json.ts";
import type { Writer } from "./writer.ts";

/** Speedscope's own format (https://www.speedscope.app/file-format-schema.json): one profile for each flame graph. */
export const writeSpeedscope: Writer = ({ report, interruption }) => {
  const indexes = new Map<string, number>();
  const frames: object[] = [];
  const indexOf = ({ name, file, line }: Frame): number => {
    const key = JSON.stringify([name, file, line]);
    const known = indexes.get(key);
    if (known !== undefined) {
      return known;
    }
    indexes.set(key, frames.length);
    frames.push({ name, ...(file !== null && { file }), ...(line !== null && { line }) });
    return frames.length - 1;
  };
  const profiles = FLAMES.map(({ key, name }) => {
    const stacks = stacksOf(report, key);
    return {
      type: "sampled",
      name,
      unit: "bytes",
      startValue: 0,
      endValue: stacks.reduce((sum, { bytes }) => sum + bytes, 0),
      samples: stacks.map((stack) => stack.frames.map(indexOf)),
      weights: stacks.map(({ bytes }) => bytes),
    };
  });
  const log = sourceName(report.trace.sources[0] ?? "-");
  return printJson({
    $schema: "https://www.speedscope.app/file-format-schema.json",
    exporter: `mallog@${report.tool.version}`,
    name: interruption === null ? log : `${log}. ${interruption}`,
    activeProfileIndex: 0,
    shared: { frames },
    profiles,
  });
};
