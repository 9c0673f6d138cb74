import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Debian's Chromium. .ci/run installs it; with CI set, a missing one is an error. */
const PATH = "/usr/bin/chromium";

export const hasChromium = existsSync(PATH) || process.env.CI !== undefined;

/** Root in a container lacks the privileges for a sandbox. The other flags prevent traffic of Chromium's own. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: PATH, args: FLAGS });
}

/** An open page, with its requests and complaints. */
export interface Opened {
  readonly page: Page;
  /** URLs requested from disk or network, without the page itself */
  readonly requests: string[];
  /** console messages (with violations of the page's policy), uncaught errors, dialogs */
  readonly complaints: string[];
  readonly close: () => Promise<void>;
}

/** Opens a page from a temporary file. */
export async function open(
  browser: Browser,
  html: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), "mallog-page-"));
  const file = join(folder, "report.html");
  writeFileSync(file, html);
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  const url = pathToFileURL(file).href;
  page.on("request", (request) => {
    if (request.url() !== url) {
      requests.push(request.url());
    }
  });
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  const close = async (): Promise<void> => {
    await context.close();
    rmSync(folder, { recursive: true });
  };
  return { page, requests, complaints, close };
}
