/** What the commands do. Loaded once the command line is understood: --help and --version are not to wait for it. */
export { analyzeLog } from "./commands/analyze/run.ts";
export { checkLog } from "./commands/check/run.ts";
export { diffReports } from "./commands/diff/run.ts";
