/**
 * The runs of all commands, loaded when one starts: --help and --version must not wait for them. `record` is apart: the program
 * that it starts must not wait for the others.
 */
export { analyzeLog } from "./analyze/run.ts";
export { checkLog } from "./check/run.ts";
export { diffReports } from "./diff/run.ts";
export { writeHook } from "./hook/run.ts";
export { inspectLog } from "./inspect/run.ts";
export { sweepLog } from "./sweep/run.ts";
export { watchProcess } from "./watch/run.ts";
