import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { open, startChromium } from "./browser/chromium.ts";
import { indexed } from "./support/indexed-png.ts";
import { MALLOG } from "./support/mallog-command.ts";
import { terminalPage } from "./support/terminal-page.ts";

/**
 * npm run screenshots
 *
 * Writes the pictures in docs/images: builds mallog and shows its report of the README's example log in Chromium. Run it
 * when the texts or the look of the report change. Needs /usr/bin/chromium and DejaVu fonts (Debian's packages chromium
 * and fonts-dejavu-core).
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const IMAGES = join(ROOT, "docs/images");
const LOG = "fixtures/jvm/boot.log.gz";
/** CSS pixels around the part of a page that a picture shows; text may follow closely below it */
const MARGIN = { above: 16, below: 6 };

const browser = await startChromium();
try {
  await takeTerminal(browser);
  await takePage(browser);
} finally {
  await browser.close();
}

/** The report in a terminal of 80 columns, up to the table of what-ifs, without the notes below it. */
async function takeTerminal(chromium: Browser): Promise<void> {
  const [verdict, threads, whatIfs = ""] = mallog([LOG, "--color"]).split("\n\n");
  const [table] = whatIfs.split("\nRanges: ");
  const shown = [verdict, threads, table, "\x1b[2m…\x1b[22m"].join("\n\n");
  const html = terminalPage(`node bin/mallog.js ${LOG}`, shown);
  const { page, close } = await open(chromium, html, {
    viewport: { width: 900, height: 600 },
    deviceScaleFactor: 2,
  });
  // The corners are transparent: GitHub shows the README on white or on black.
  save("terminal.png", await page.locator("#window").screenshot({ omitBackground: true }));
  await close();
}

/** The HTML report: its upper part, up to the first what-ifs, and its heap maps. */
async function takePage(chromium: Browser): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mallog-screenshots-"));
  const file = join(folder, "report.html");
  mallog([LOG, "-q", "-o", file]);
  const html = readFileSync(file, "utf8");
  rmSync(folder, { recursive: true });
  const { page, close } = await open(chromium, html, {
    viewport: { width: 1160, height: 900 },
    deviceScaleFactor: 2,
  });
  const lastMap = page.locator("#maps canvas").nth(2);
  await lastMap.waitFor();
  await takePart(
    page,
    "page.png",
    page.locator("header"),
    page.locator("table.what-if tbody tr").nth(3),
  );
  await takePart(page, "heap-maps.png", page.locator("#heaps"), lastMap);
  await close();
}

/** A picture of the page in full width, from the top of one element to the bottom of another. */
async function takePart(page: Page, image: string, first: Locator, last: Locator): Promise<void> {
  const from = await first.boundingBox();
  const to = await last.boundingBox();
  if (from === null || to === null) {
    throw new Error(`${image}: an element to show is missing on the page`);
  }
  const top = Math.max(0, from.y - MARGIN.above);
  const { width = 0 } = page.viewportSize() ?? {};
  const clip = { x: 0, y: top, width, height: to.y + to.height + MARGIN.below - top };
  save(image, await page.screenshot({ fullPage: true, clip }));
}

function save(image: string, png: Buffer): void {
  writeFileSync(join(IMAGES, image), indexed(png));
}

function mallog(argv: readonly string[]): string {
  const env = { PATH: process.env.PATH };
  return execFileSync(process.execPath, [MALLOG, ...argv], { cwd: ROOT, env, encoding: "utf8" });
}
