import { execFileSync } from "node:child_process";

/** The HTML writer puts the page's script and style, as the build makes them, into each report. */
export default function setup(): void {
  execFileSync("npm", ["run", "--silent", "build:page"], { stdio: "inherit" });
}
