import { execFileSync } from "node:child_process";

/**
 * Builds mallog once a run, for the projects whose tests start it or need the page's script and style.
 *
 * JavaScript because vitest's own process, which runs this, loads no TypeScript; and a variable of the environment
 * because vitest loads this file again for each project.
 */
export default function setup() {
  if (process.env.MALLOG_BUILT === undefined) {
    process.env.MALLOG_BUILT = "1";
    execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
  }
}
