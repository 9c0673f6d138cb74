import type uPlot from "uplot";
import { BYTE_STEPS, byteMarks, EVENT_STEPS, eventMarks, TIME_STEPS, timeMarks } from "./axes.ts";
import { colour } from "./theme.ts";

/** A narrower chart, in pixels, has shorter marks. */
const NARROW = 600;

export function chartFont(): string {
  return `12px ${getComputedStyle(document.body).fontFamily}`;
}

/**
 * The axes of bytes over the run, by time or by events, in the current colours. `width`: of the chart; `rowSpace`: least
 * distance of marks of bytes; in pixels.
 */
export function chartAxes(width: number, byTime: boolean, rowSpace: number): uPlot.Axis[] {
  const grid = { stroke: colour("--grid"), width: 1 };
  const axis = { stroke: colour("--soft"), grid, ticks: grid, font: chartFont() };
  return [
    {
      ...axis,
      incrs: [...(byTime ? TIME_STEPS : EVENT_STEPS)],
      space: width < NARROW ? 60 : 90,
      values: (_, marks) => (byTime ? timeMarks(marks) : eventMarks(marks)),
    },
    {
      ...axis,
      incrs: [...BYTE_STEPS],
      space: rowSpace,
      size: width < NARROW ? 62 : 76,
      values: (_, marks) => byteMarks(marks),
    },
  ];
}
