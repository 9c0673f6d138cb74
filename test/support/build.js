import { execFileSync } from "node:child_process";

/**
 * Tests that start mallog start what is shipped, and the HTML writer takes the page's script and style from there. This
 * is no TypeScript: it runs in vitest's own process, which does not know it.
 */
export default function setup() {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
}
