import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import type { NamedBudget } from "../../budget/judge.ts";
import { didYouMean } from "../../report/wording/suggest.ts";
import { readText } from "../files/read-text.ts";
import { parseScenario } from "../options/parse-settings.ts";
import { Failure } from "../problems.ts";
import { budgetOf } from "./judge-budgets.ts";

/** The file that `mallog check` reads from the current directory if --config is not given. */
export const CONFIG_FILE = "mallog.config.json";

export interface Config {
  /** null: not in the file */
  readonly whatIf: readonly string[] | null;
  readonly budgets: readonly NamedBudget[];
}

/** Of a file of budgets. */
const MOST_BYTES = 16 * 1024 * 1024;

const EMPTY: Config = { whatIf: null, budgets: [] };

/**
 * Reads the named file, else CONFIG_FILE if it exists. JSON, in which comments and trailing commas are allowed.
 * @throws Failure config, budget
 */
export function readConfig(file: string | undefined, cwd: string): Config {
  if (file === undefined && !existsSync(resolve(cwd, CONFIG_FILE))) {
    return EMPTY;
  }
  const name = file ?? CONFIG_FILE;
  const read = readText(name, cwd, MOST_BYTES);
  if ("error" in read) {
    throw new Failure({ code: "config", place: name, reason: read.error });
  }
  return parseConfig(read.ok, name);
}

/** @throws Failure config, budget */
export function parseConfig(text: string, file: string): Config {
  const source = new Source(text, file);
  const errors: ParseError[] = [];
  const root = treeOf(text, errors, source);
  const [first] = errors;
  if (first !== undefined || root === null) {
    const detail = first === undefined ? "" : `: ${inWords(printParseErrorCode(first.error))}`;
    throw source.failure(first?.offset ?? 0, `not valid JSON${detail}`);
  }
  const { whatIf, budgets } = source.members(root, ["whatIf", "budgets"]);
  return {
    whatIf:
      whatIf === undefined ? null : source.items(whatIf).map((item) => scenario(source, item)),
    budgets: budgets === undefined ? [] : source.items(budgets).map((item) => budget(source, item)),
  };
}

/** @throws Failure config, where the parser, which is recursive, has no stack left */
function treeOf(text: string, errors: ParseError[], source: Source): Node | null {
  try {
    return parseTree(text, errors, { allowTrailingComma: true }) ?? null;
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
    throw source.failure(0, "nested too deeply");
  }
}

function scenario(source: Source, node: Node): string {
  const text = source.text(node);
  const parsed = parseScenario(text, "auto");
  if ("error" in parsed) {
    throw source.failure(node.offset, parsed.error);
  }
  return text;
}

function budget(source: Source, node: Node): NamedBudget {
  const { name, budget, message } = source.members(node, ["name", "budget", "message"]);
  if (budget === undefined) {
    throw source.failure(node.offset, 'has no "budget"');
  }
  const place = source.place(budget.offset);
  return {
    budget: budgetOf(source.text(budget), place),
    place,
    name: name === undefined ? null : source.text(name),
    message: message === undefined ? null : source.text(message),
    minDeltaBytes: null,
  };
}

/** The text of the file, for messages with line and column. */
class Source {
  readonly #text: string;
  readonly #file: string;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  place(offset: number): string {
    const before = this.#text.slice(0, offset).split("\n");
    return `${this.#file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  }

  failure(offset: number, reason: string): Failure {
    return new Failure({ code: "config", place: this.place(offset), reason });
  }

  /** The values of an object in which each key is known and occurs once. */
  members<Key extends string>(node: Node, known: readonly Key[]): Partial<Record<Key, Node>> {
    if (node.type !== "object") {
      throw this.failure(node.offset, "expected an object in braces");
    }
    const found: Partial<Record<Key, Node>> = {};
    for (const { children: [name, value] = [] } of node.children ?? []) {
      if (name === undefined || value === undefined) {
        continue;
      }
      const key = known.find((candidate) => candidate === name.value);
      if (key === undefined) {
        const meant = didYouMean(String(name.value), known);
        throw this.failure(
          name.offset,
          `unknown key ${name.value}${meant}; keys are ${known.join(", ")}`,
        );
      }
      if (found[key] !== undefined) {
        throw this.failure(name.offset, `${key} is given twice`);
      }
      found[key] = value;
    }
    return found;
  }

  items(node: Node): readonly Node[] {
    if (node.type !== "array") {
      throw this.failure(node.offset, "expected a list in brackets");
    }
    return node.children ?? [];
  }

  text(node: Node): string {
    const value: unknown = node.value;
    if (typeof value === "string") {
      return value;
    }
    throw this.failure(node.offset, "expected a string in double quotes");
  }
}

/** "CommaExpected" as "comma expected" */
function inWords(code: string): string {
  return code.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}
