import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take a minute or more, the longest first. */
const LONGEST = [
  "test/corpus.test.ts",
  "test/strip.test.ts",
  "test/truth/truth.test.ts",
  "test/ptmalloc/differential.test.ts",
  "test/support/glibc-driver.test.ts",
  "test/browser/page.test.ts",
];

/** Starts the long files first, so that one worker is not left alone with one at the end. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
