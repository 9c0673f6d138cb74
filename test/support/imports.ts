/** One import or re-export of a source file. */
export interface Import {
  readonly path: string;
  /** the statement imports types alone, and leaves nothing at run time */
  readonly isType: boolean;
}

/** Returns what a TypeScript source imports, statically or lazily. */
export function importsOf(text: string): Import[] {
  const statement =
    /^(?:import|export) (type )?(?:[\w*{}\s,]+ from )?"([^"]+)"(?: with \{[^}]*\})?;$|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(statement)].map(([whole, type, path, lazy]) => ({
    path: path ?? lazy ?? "",
    isType: type !== undefined || (path !== undefined && hasOnlyTypes(whole)),
  }));
}

/** True for `import { type A, type B } from "…"`. */
function hasOnlyTypes(statement: string): boolean {
  const [, list] = /\{([^}]*)\}/.exec(statement) ?? [];
  const names = (list ?? "").split(",").map((name) => name.trim());
  const named = names.filter((name) => name !== "");
  return named.length > 0 && named.every((name) => name.startsWith("type "));
}

/** Returns the circles of a graph: its strongly connected components of more than one node, and nodes on themselves. */
export function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) {
        visit(next);
      }
      if (stack.includes(next)) {
        low.set(node, Math.min(low.get(node)!, low.get(next)!));
      }
    }
    if (low.get(node) !== index.get(node)) {
      return;
    }
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1 || (graph.get(node) ?? []).includes(node)) {
      circles.push(circle.sort());
    }
  };
  for (const node of graph.keys()) {
    if (!index.has(node)) {
      visit(node);
    }
  }
  return circles;
}
