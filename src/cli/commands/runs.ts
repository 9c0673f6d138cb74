/** What the commands do. Loaded once the command line is understood: --help and --version are not to wait for it. */
export { analyzeLog } from "./analyze/run.ts";
export { checkLog } from "./check/run.ts";
export { diffReports } from "./diff/run.ts";
