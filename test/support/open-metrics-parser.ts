/** A strict parser of OpenMetrics 1.0 text. It knows only the type gauge, the only one that mallog writes. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const VALUE = String.raw`[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|[iI]nf|NaN)|NaN`;
const META = new RegExp(`^# (TYPE|UNIT|HELP) (${NAME}) (.*)$`, "s");
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (${VALUE})$`, "s");

/** @throws Error text that violates the grammar */
export function parseOpenMetrics(text: string): Sample[] {
  if (!text.endsWith("\n# EOF\n") && text !== "# EOF\n") {
    throw new Error("does not end in # EOF");
  }
  const samples: Sample[] = [];
  const families = new Map<string, Map<string, string>>();
  const series = new Set<string>();
  let family = "";
  for (const line of text.split("\n").slice(0, -2)) {
    const [, word = "", of = "", rest = ""] = META.exec(line) ?? [];
    if (word !== "") {
      if (of !== family && families.has(of)) {
        throw new Error(`${of}: its lines are not contiguous`);
      }
      family = of;
      const meta = families.get(of) ?? new Map<string, string>();
      if (meta.has(word) || meta.has("samples")) {
        throw new Error(`misplaced: ${line}`);
      }
      families.set(of, meta.set(word, rest));
      if (word === "TYPE" && rest !== "gauge") {
        throw new Error(`unknown type: ${line}`);
      }
      if (word === "UNIT" && !of.endsWith(`_${rest}`)) {
        throw new Error(`unit not in name: ${line}`);
      }
      if (word === "HELP" && /[^\\]"|\\[^\\n"]/.test(rest)) {
        throw new Error(`escapes: ${line}`);
      }
      continue;
    }
    const [whole, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
    if (whole === undefined) {
      throw new Error(`not a sample: ${line}`);
    }
    if (name !== family) {
      throw new Error(`outside its family: ${line}`);
    }
    if (series.has(`${name}{${labels}}`)) {
      throw new Error(`duplicate: ${line}`);
    }
    series.add(`${name}{${labels}}`);
    families.get(family)?.set("samples", "");
    samples.push({ name, labels: labelsOf(labels), value: Number(value) });
  }
  return samples;
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/gs);
  return Object.fromEntries(
    [...pairs].map(([, name, value = ""]) => [
      name,
      value.replace(/\\(.)/gs, (_, character) => (character === "n" ? "\n" : character)),
    ]),
  );
}
