import { readFileSync } from "node:fs";

/** The page's script or style. The build puts them there: the same way from here and from what is built. */
export function pageAsset(name: "main.js" | "page.css"): string {
  return readFileSync(new URL(`../../dist/page/${name}`, import.meta.url), "utf8");
}
