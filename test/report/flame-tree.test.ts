import { describe, expect, it } from "vitest";
import { stacksOf } from "../../src/report/flame.ts";
import {
  type FlameNode,
  flamePlaces,
  flameTree,
  pathOf,
} from "../../src/report/html/browser/flame-tree.ts";
import { flameData, flameViews } from "../../src/report/html/flame-data.ts";
import { report, thread } from "../support/report-builder.ts";

const REPORT = report({
  threads: [thread(7, { name: "main" }), thread(8)],
  sites: {
    tid: [7, 7, 8, null],
    caller: ["0x1", "0x1", "0x1", "others"],
    size: [100, 200, 100, null],
    calls: [1, 1, 1, 1],
    volumeBytes: [50, 30, 15, 5],
    liveBytes: [0, 0, 9, 0],
    liveAtPeakBytes: [0, 0, 0, 0],
    pinnedBytes: [0, 0, 0, 0],
  },
});
const DATA = flameData(REPORT);

/** A node as "name bytes", with its children. */
function outline({ name, bytes, children }: FlameNode): unknown {
  return children.length === 0
    ? `${name} ${bytes}`
    : [`${name} ${bytes}`, ...children.map(outline)];
}

describe("the tree of the flame graph", () => {
  it("has threads, below them call sites, below these sizes, largest first", () => {
    expect(outline(flameTree(DATA, "volumeBytes"))).toEqual([
      "all 100",
      ["main (7) 80", ["0x1 80", "100 B 50", "200 B 30"]],
      ["thread 8 15", ["0x1 15", "100 B 15"]],
      ["several threads 5", ["other call sites 5", "several sizes 5"]],
    ]);
    expect(outline(flameTree(DATA, "liveBytes"))).toEqual([
      "all 9",
      ["thread 8 9", ["0x1 9", "100 B 9"]],
    ]);
  });

  it("holds the bytes of the folded stacks", () => {
    const leaves = (node: FlameNode): [string, number][] =>
      node.children.length === 0
        ? [[pathOf(node).join(";"), node.bytes]]
        : node.children.flatMap(leaves);
    expect(leaves(flameTree(DATA, "volumeBytes"))).toEqual(
      stacksOf(REPORT, "volumeBytes").map(({ frames, bytes }) => [
        frames.map(({ name }) => name).join(";"),
        bytes,
      ]),
    );
  });

  it("is offered for what is not nothing", () => {
    expect(flameViews(REPORT).map(({ name }) => name)).toEqual(["volume", "live at the end"]);
    expect(flameViews(report())).toEqual([]);
  });
});

describe("the places of frames", () => {
  const root = flameTree(DATA, "volumeBytes");
  const placed = (zoomed: FlameNode, least: number): unknown[] =>
    flamePlaces(zoomed, least).map(({ node, from, width }) => [node.name, from, width]);

  it("are side by side, as wide as their bytes, and narrow ones are one", () => {
    expect(placed(root, 0.2)).toEqual([
      ["all", 0, 1],
      ["main (7)", 0, 0.8],
      ["0x1", 0, 0.8],
      ["100 B", 0, 0.5],
      ["200 B", 0.5, 0.3],
      ["2 narrower", 0.8, 0.2],
    ]);
    // Too narrow even together.
    expect(placed(root, 0.25).length).toBe(5);
  });

  it("fill the width below a frame that is zoomed, and so do those above it", () => {
    const site = root.children[0]!.children[0]!;
    expect(placed(site, 0)).toEqual([
      ["all", 0, 1],
      ["main (7)", 0, 1],
      ["0x1", 0, 1],
      ["100 B", 0, 0.625],
      ["200 B", 0.625, 0.375],
    ]);
  });
});
