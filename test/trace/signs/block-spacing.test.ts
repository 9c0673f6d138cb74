import { expect, it } from "vitest";
import { BlockSpacing } from "../../../src/trace/signs/block-spacing.ts";

/** Blocks one above the other; `extra` is the distance beyond a size. */
function spacingOf(sizes: readonly number[], extra: (bytes: number) => number): BlockSpacing {
  const spacing = new BlockSpacing();
  let pointer = 0x4a00040;
  for (const bytes of sizes) {
    spacing.allocated(pointer, bytes);
    pointer += bytes + extra(bytes);
  }
  return spacing;
}

const padding = (bytes: number) => (16 - (bytes % 16)) % 16;
const SIZES = [1, 8, 9, 16, 24, 100, 40];

it("tells chunks of glibc from valgrind's blocks, for both halves of 16 bytes", () => {
  const chunks = spacingOf(
    SIZES,
    (bytes) => Math.max(32, Math.ceil((bytes + 8) / 16) * 16) - bytes,
  );
  expect(chunks).toMatchObject({ pairs: 6, chunks: 6, admin: [0, 0], redZones: [0, 0] });
  const redZones = spacingOf(SIZES, (bytes) => padding(bytes) + 64);
  expect(redZones).toMatchObject({ pairs: 6, chunks: 0, redZones: [4, 2] });
  const admin = spacingOf(SIZES, (bytes) => padding(bytes) + 32);
  expect(admin).toMatchObject({ pairs: 6, admin: [4, 2] });
});

it("leaves out blocks below the last one, far above it, and after a restart", () => {
  const spacing = new BlockSpacing();
  spacing.allocated(0x2000, 16);
  spacing.allocated(0x1000, 16);
  spacing.allocated(0x9000, 16);
  spacing.restart();
  spacing.allocated(0x9020, 16);
  expect(spacing.pairs).toBe(0);
});
