import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

/** The columns in order, each with its address as the text computes it. */
function columnsOf(file: string): string[] {
  const source = readFileSync(new URL(`../../src/replay/${file}`, import.meta.url), "utf8");
  return [...source.matchAll(/^(?:export )?const ([A-Z_]+)(?:: usize)? = (.*ROWS|0x2000);$/gm)].map(
    ([, name, address]) => `${name} = ${address}`,
  );
}

it("rows are copied to where the core reads them", () => {
  const columns = columnsOf("batch-columns.ts");
  expect(columns).toEqual(columnsOf("core/batch.ts"));
  expect(columns).toHaveLength(17);
});
