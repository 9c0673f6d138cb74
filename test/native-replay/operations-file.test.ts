import { readdirSync, readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { Operation } from "../../src/native-replay/operations.ts";
import { OperationsFile } from "../../src/native-replay/operations-file.ts";
import { newFolder } from "../support/run-mallog.ts";

afterEach(() => vi.unstubAllEnvs());

test("the file has no name in the temporary folder, so that it ends with the process", () => {
  const folder = newFolder();
  vi.stubEnv("TMPDIR", folder);
  const file = new OperationsFile();
  file.append(Operation.malloc, 0, 0, 100);
  file.finish({ events: 1, blocks: 1, threads: 1, firstThreadExits: false });
  expect(readdirSync(folder)).toEqual([]);
  expect(readFileSync(file.path).length).toBe(32 + 16);
  file.close();
});
