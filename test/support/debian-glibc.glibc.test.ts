import { expect, it } from "vitest";
import { debianGlibc } from "./debian-glibc.ts";

it("gives the reason why a glibc is unavailable, without the archive's address", async () => {
  const fetched = await debianGlibc("1.0", "no-such-release");
  expect(fetched).toEqual({ available: false, reason: expect.stringMatching(/\w/) });
  expect(JSON.stringify(fetched)).not.toContain("://");
}, 240_000);
