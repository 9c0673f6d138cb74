import { readFileSync } from "node:fs";

/** The page's built script or style. The relative path is the same from src/report and from dist/node. */
export function pageAsset(name: "page.js" | "page.css"): string {
  return readFileSync(new URL(`../../dist/page/${name}`, import.meta.url), "utf8");
}
