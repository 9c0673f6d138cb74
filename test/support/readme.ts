import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The code blocks of a language below a heading of README.md, in their order. */
export function blocksOf(heading: string, language: string): string[] {
  const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
  const section = readme.split(/^(?=#+ )/m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const fence = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm");
  return [...section.matchAll(fence)].map(([, code = ""]) => code);
}
