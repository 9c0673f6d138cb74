import type { Page } from "playwright-core";
import { expect } from "vitest";

/** What canvases of the page show. */

/** Asserts what a canvas shows as soon as it does: style, size and media changes reach it in a later frame. */
export const drawn = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 10_000 });

/** The number of colours on a canvas; at most one if it is blank. */
export async function coloursIn(page: Page, selector: string): Promise<number> {
  return (await look(page, selector, "--ink")).colours;
}

/** The number of pixels of a canvas with exactly the colour of a custom property. */
export async function inkOf(
  page: Page,
  property: string,
  selector = "#chart canvas",
): Promise<number> {
  return (await look(page, selector, property)).pixels;
}

/** A canvas, for comparison. */
export async function pictureOf(page: Page, selector = "#chart canvas"): Promise<string> {
  return (await look(page, selector, "--ink")).picture;
}

interface Look {
  readonly colours: number;
  /** number of pixels in the colour of the custom property */
  readonly pixels: number;
  /** as a data URL */
  readonly picture: string;
}

/** Reads the first such canvas after it has been drawn. */
function look(page: Page, selector: string, property: string): Promise<Look> {
  return page
    .locator(selector)
    .first()
    .evaluate(async (canvas, name) => {
      if (!(canvas instanceof HTMLCanvasElement)) {
        throw new Error("not a canvas");
      }
      // uPlot draws in a microtask, observers in a frame.
      await new Promise(requestAnimationFrame);
      const probe = document.body.appendChild(document.createElement("span"));
      probe.style.color = `var(${name})`;
      const [r = 0, g = 0, b = 0] = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map(Number);
      probe.remove();
      // Chromium warns about reading the canvas itself.
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const context = copy.getContext("2d", { willReadFrequently: true });
      context?.drawImage(canvas, 0, 0);
      const bytes = context?.getImageData(0, 0, canvas.width, canvas.height).data.buffer;
      const all = new Uint32Array(bytes ?? new ArrayBuffer(0));
      const wanted = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
      const pixels = all.filter((pixel) => pixel === wanted).length;
      return { colours: new Set(all).size, pixels, picture: canvas.toDataURL() };
    }, property);
}
