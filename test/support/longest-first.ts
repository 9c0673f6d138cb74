import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Ends of the names of files that may take minutes, the longest first. */
const LONGEST = [".corpus.test.ts", ".glibc.test.ts", ".browser.test.ts", ".package.test.ts"];

/** Starts the long files first, so that no worker is left alone with one at the end. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((end) => moduleId.endsWith(end));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
