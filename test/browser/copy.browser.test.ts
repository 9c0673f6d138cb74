import { expect, test } from "vitest";
import { drawn } from "./look.ts";
import { service } from "./service.ts";
import { describePage } from "./shown.ts";

describePage("the buttons that copy a setting", (show) => {
  const given = () => {
    const { scenarios, ...rest } = service();
    const settings = (name: string): Record<string, string> =>
      Object.fromEntries(
        [...name.matchAll(/(MALLOC_\w+)=(\d+)/g)].map(([, key, value]) => [key, value]),
      );
    return {
      ...rest,
      scenarios: scenarios.map((one) => ({ ...one, settings: settings(one.name) })),
    };
  };

  test("work from a file, by key", async () => {
    const { page } = await show(given(), { permissions: ["clipboard-read", "clipboard-write"] });
    const button = page.getByRole("button", { name: "Copy MALLOC_ARENA_MAX=2" });
    await button.press("Enter");
    await drawn(() => page.evaluate(() => navigator.clipboard.readText())).toBe(
      "MALLOC_ARENA_MAX=2",
    );
    expect(await button.textContent()).toBe("Copied");
    await drawn(() => button.textContent()).toBe("Copy");
  });

  test("work without a clipboard, and else offer the text, selected", async () => {
    const { page } = await show(given());
    await page.evaluate(() => {
      Object.defineProperty(navigator, "clipboard", { value: undefined });
      document.addEventListener("copy", () => {
        document.title = String(
          document.activeElement instanceof HTMLInputElement && document.activeElement.value,
        );
      });
    });
    const button = page.getByRole("button", { name: "Copy MALLOC_ARENA_MAX=2" });
    await button.click();
    expect(await page.title()).toBe("MALLOC_ARENA_MAX=2");
    expect(await button.evaluate((one) => one === document.activeElement)).toBe(true);
    await page.evaluate(() => {
      document.execCommand = () => false;
    });
    await button.click();
    const field = page.locator("input.offered");
    expect(await field.inputValue()).toBe("MALLOC_ARENA_MAX=2");
    expect(await page.evaluate(() => String(getSelection()))).toBe("MALLOC_ARENA_MAX=2");
  });
});
