import type { FlameKey } from "../../flame.ts";
import { exact } from "../../wording/format.ts";
import type { FlameData } from "../flame-data.ts";

/** A frame of the graph, with what was allocated in it. */
export interface FlameNode {
  readonly name: string;
  readonly parent: FlameNode | null;
  /** 0: all */
  readonly depth: number;
  bytes: number;
  /** largest first */
  children: FlameNode[];
}

/** The tree of all frames; sites with the same frames are one. */
export function flameTree({ names, frames, bytes }: FlameData, key: FlameKey): FlameNode {
  const root: FlameNode = { name: "all", parent: null, depth: 0, bytes: 0, children: [] };
  const childrenOf = new Map<FlameNode, Map<number, FlameNode>>();
  frames.forEach((site, i) => {
    const own = bytes[key][i] ?? 0;
    if (own <= 0) {
      return;
    }
    root.bytes += own;
    let at = root;
    for (const frame of site) {
      const known = childrenOf.get(at) ?? new Map<number, FlameNode>();
      childrenOf.set(at, known);
      let child = known.get(frame);
      if (child === undefined) {
        child = {
          name: names[frame] ?? "",
          parent: at,
          depth: at.depth + 1,
          bytes: 0,
          children: [],
        };
        known.set(frame, child);
        at.children.push(child);
      }
      child.bytes += own;
      at = child;
    }
  });
  sort(root);
  return root;
}

function sort(node: FlameNode): void {
  node.children.sort((a, b) => b.bytes - a.bytes);
  for (const child of node.children) {
    sort(child);
  }
}

/** A node's place in the graph. */
export interface FlamePlace {
  readonly node: FlameNode;
  /** 0..1 of the graph's width */
  readonly from: number;
  readonly width: number;
}

/**
 * The places of nodes while `zoomed` takes the whole width, as do those above it. Nodes of one parent that are narrower than
 * `least` are one.
 */
export function flamePlaces(zoomed: FlameNode, least: number): FlamePlace[] {
  const places: FlamePlace[] = [];
  for (let above = zoomed.parent; above !== null; above = above.parent) {
    places.unshift({ node: above, from: 0, width: 1 });
  }
  const place = (node: FlameNode, from: number): void => {
    places.push({ node, from, width: node.bytes / zoomed.bytes });
    const wide = node.children.filter(({ bytes }) => bytes / zoomed.bytes >= least);
    let at = from;
    for (const child of wide) {
      place(child, at);
      at += child.bytes / zoomed.bytes;
    }
    const narrow = narrower(node, wide.length);
    if (narrow !== null && narrow.bytes / zoomed.bytes >= least) {
      place(narrow, at);
    }
  };
  place(zoomed, 0);
  return places;
}

/** The children of a node from number `first` on, as one; null if there are none. */
function narrower(parent: FlameNode, first: number): FlameNode | null {
  const narrow = parent.children.slice(first);
  const bytes = narrow.reduce((sum, one) => sum + one.bytes, 0);
  const name = `${exact(narrow.length)} narrower`;
  return bytes === 0 ? null : { name, parent, depth: parent.depth + 1, bytes, children: [] };
}

/** The names of a node and of those above it, outermost first, without the root. */
export function pathOf(node: FlameNode): string[] {
  return node.parent === null ? [] : [...pathOf(node.parent), node.name];
}
