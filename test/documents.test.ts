import { existsSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { lexer, type Token, walkTokens } from "marked";
import { describe, expect, test } from "vitest";
import { documents, readDocument } from "./support/documents.ts";

/** README.md, CHANGELOG.md and docs/: links resolve, pictures are small, and the README stays short. */

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MAX_WORDS = 1200;
const MAX_PICTURE_BYTES = 250_000;

test(`the README has at most ${MAX_WORDS} words`, () => {
  const words = readDocument("README.md").split(/\s+/);
  expect(words.filter((word) => /[\p{L}\p{N}]/u.test(word)).length).toBeLessThanOrEqual(MAX_WORDS);
});

describe.each(documents())("%s", (path) => {
  test("has no broken links", () => {
    const broken = linksIn(path).filter((link) => !resolves(path, link));
    expect(broken).toEqual([]);
  });
});

test(`each picture has less than ${MAX_PICTURE_BYTES} bytes`, () => {
  const pictures = documents().flatMap((path) =>
    linksIn(path)
      .filter((link) => link.endsWith(".png"))
      .map((link) => join(ROOT, dirname(path), link)),
  );
  expect(pictures.length).toBeGreaterThanOrEqual(3);
  for (const picture of pictures) {
    expect(statSync(picture).size, relative(ROOT, picture)).toBeLessThan(MAX_PICTURE_BYTES);
  }
});

function tokensOf(path: string): Token[] {
  const found: Token[] = [];
  walkTokens(lexer(readDocument(path)), (token) => {
    found.push(token);
  });
  return found;
}

/** Targets of links and pictures, also those in HTML, except other sites. */
function linksIn(path: string): string[] {
  const targets = tokensOf(path).flatMap((token): string[] => {
    if (token.type === "html") {
      return [...token.raw.matchAll(/\b(?:src|href)="([^"]+)"/g)].map(([, target = ""]) => target);
    }
    return token.type === "link" || token.type === "image" ? [token.href] : [];
  });
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

function resolves(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const path = file === "" ? from : join(dirname(from), file);
  if (!existsSync(join(ROOT, path))) {
    return false;
  }
  return anchor === undefined || anchorsIn(path).includes(anchor);
}

/** Anchors of the headings, as GitHub makes them. */
function anchorsIn(path: string): string[] {
  return tokensOf(path).flatMap((token) =>
    token.type === "heading"
      ? token.text
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, "")
          .replace(/\s/g, "-")
      : [],
  );
}
