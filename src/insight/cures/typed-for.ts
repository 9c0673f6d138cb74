import type { CureTyped } from "../../report/contract/cure.ts";
import type { Report } from "../../report/contract/report.ts";
import { jdksThatTrim } from "../../report/what-to-type/trim-lines.ts";
import type { Target, TypedLine } from "../../report/what-to-type/typed-line.ts";

/** The lines for each target, as one text. */
export function typedFor(
  lines: readonly TypedLine[],
  program: Pick<Report, "jvm" | "recording">,
): CureTyped {
  const of = (wanted: Target): string | null => {
    const texts = lines.filter(({ target }) => target === wanted).map(({ text }) => text);
    return texts.length === 0 ? null : texts.join("\n");
  };
  const inUnit = of("systemd");
  const isTrim = lines.some(({ target, text }) => target === "jvm" || text.includes("malloc_trim"));
  return {
    shell: of("shell"),
    docker: of("docker"),
    kubernetes: of("kubernetes"),
    systemd: inUnit === null ? null : `[Service]\n${inUnit}`,
    jvm: of("jvm"),
    jdks: isTrim ? jdksThatTrim(program) : null,
    code: of("code"),
  };
}
