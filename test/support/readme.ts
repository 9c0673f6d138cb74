import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The code blocks of a language in the section of README.md with this heading, in order. */
export function blocksOf(heading: string, language: string): string[] {
  const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
  const section = readme.split(/^(?=#+ )/m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const fence = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm");
  return [...section.matchAll(fence)].map(([, code = ""]) => code);
}
