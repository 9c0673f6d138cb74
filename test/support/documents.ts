import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Paths of the documents for users, from the repository's root. */
export function documents(): string[] {
  const guides = readdirSync(`${ROOT}docs`).filter((name) => name.endsWith(".md"));
  return ["README.md", "CHANGELOG.md", ...guides.map((name) => `docs/${name}`)];
}

/** The text of a document; `path` is from the repository's root. */
export function readDocument(path: string): string {
  return readFileSync(`${ROOT}${path}`, "utf8");
}

/** The code blocks of a language in a document, in their order. */
export function codeBlocks(path: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm");
  return [...readDocument(path).matchAll(fence)].map(([, code = ""]) => code);
}
