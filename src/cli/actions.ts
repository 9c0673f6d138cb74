/** What the commands do. Loaded once the command line is understood: --help and --version are not to wait for it. */
export { analyzeLog } from "./analyze-log.ts";
export { checkLog } from "./check-log.ts";
export { diffReports } from "./diff-reports.ts";
