import { Chalk } from "chalk";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { present } from "../../src/insight/present.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { writeHtml } from "../../src/report/writers/html.ts";
import { hasChromium, type Opened, open, startChromium } from "./chromium.ts";

const reason = hasChromium ? "" : " (skipped: no /usr/bin/chromium; apt-get install chromium)";
const options = { top: 10, sort: DEFAULT_SORT, width: 120, chalk: new Chalk({ level: 0 }) };

/** Opens the page of a report. */
export type Show = (given: Report, context?: Parameters<typeof open>[2]) => Promise<Opened>;

/** Tests in Chromium, none of which may cause a request or a complaint. */
export function describePage(title: string, tests: (show: Show) => void): void {
  describe.skipIf(!hasChromium)(`${title} in Chromium${reason}`, () => {
    let browser: Browser;
    let opened: Opened[] = [];

    beforeAll(async () => {
      browser = await startChromium();
    });

    afterAll(() => browser.close());

    afterEach(async () => {
      const seen = opened.flatMap(({ requests, complaints }) => [...requests, ...complaints]);
      for (const one of opened) {
        await one.close();
      }
      opened = [];
      expect(seen).toEqual([]);
    });

    tests(async (given, context = {}) => {
      const one = await open(browser, writeHtml(present(given), options), context);
      opened.push(one);
      return one;
    });
  });
}
