import { execFileSync } from "node:child_process";

/**
 * Compiles the WebAssembly modules that are older than their sources, once a run. JavaScript, and a variable of the
 * environment, as in build.js.
 */
export default function setup() {
  if (process.env.MALLOG_WASM === undefined) {
    process.env.MALLOG_WASM = "1";
    execFileSync("node", ["--import", "tsx", "build-wasm.ts"], { stdio: "inherit" });
  }
}
