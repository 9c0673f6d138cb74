/** Seeds shown of each kind. */
const SHOWN = 5;

/** Problems by their kind. */
export class Problems {
  readonly #kinds = new Map<string, { readonly problem: string; readonly seeds: number[] }>();

  add(seed: number, problem: string): void {
    const kind = kindOf(problem);
    const known = this.#kinds.get(kind) ?? { problem, seeds: [] };
    known.seeds.push(seed);
    this.#kinds.set(kind, known);
  }

  get isEmpty(): boolean {
    return this.#kinds.size === 0;
  }

  /** One paragraph for each kind. */
  get text(): string {
    if (this.isEmpty) {
      return "nothing is wrong";
    }
    return [...this.#kinds.values()]
      .map(({ problem, seeds }) => {
        const some = seeds.slice(0, SHOWN).join(", ");
        return `${seeds.length} times, for example --seed ${some}:\n${problem.slice(0, 800)}\n`;
      })
      .join("\n");
  }
}

/** What problems of one cause have in common. */
export function kindOf(problem: string): string {
  return problem.replace(/\d+/g, "N").split("\n").slice(0, 3).join("\n").slice(0, 300);
}
