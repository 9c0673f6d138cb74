import { execFileSync } from "node:child_process";

/** Tests that start mallog start what is shipped, and the HTML writer takes the page's script and style from there. */
export default function setup(): void {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
}
