import { RECORDERS, Recording } from "../recorders.ts";
import { type Measured, type Row, timeRatios } from "../row.ts";
import { makeCalls, type Sandbox } from "../sandbox.ts";

/** The default report against what answers such questions without mallog, for a program with the calls of its log. */
export const RIVAL_ROWS: readonly Row[] = [
  {
    name: "heaptrack-print",
    ratioOf: "default report / heaptrack_print",
    target: 4,
    stretch: 3,
    onRequest: false,
    needs: ["heaptrack", "heaptrack_print"],
    measure: againstHeaptrackPrint,
  },
  {
    name: "native-settings",
    ratioOf: "default report / the program run under three settings",
    target: null,
    stretch: null,
    onRequest: false,
    measure: (sandbox, pairs) =>
      timeRatios(sandbox, pairs, `mallog ${sandbox.log()}`, underSettings(makeCalls())),
  },
];

/** Both read a file: heaptrack's is compressed, and its reader starts the decompression by itself. */
function againstHeaptrackPrint(sandbox: Sandbox, pairs: number): Measured {
  const recording = new Recording(sandbox, RECORDERS.heaptrack, makeCalls());
  recording.run();
  const report = `mallog ${sandbox.log()}`;
  const ratios = timeRatios(sandbox, pairs, report, `heaptrack_print ${recording.file}`);
  recording.remove();
  return ratios;
}

/** The settings whose model the default report replays, apart from calls of malloc_trim. */
export function underSettings(program: string): string {
  return ["", "MALLOC_ARENA_MAX=1 ", "MALLOC_ARENA_MAX=2 "]
    .map((setting) => `${setting}${program}`)
    .join(" && ");
}
