import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Analyse } from "../../src/cli/io.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { FakeOutput } from "../support/fake-io.ts";
import { report, thread } from "../support/report-builder.ts";
import { mallog, newFolder } from "../support/run-mallog.ts";

/** --follow and --every with an analysis that answers at once. */

/** An analysis that ends after so many snapshots, or when it is told to. The first `empty` ones have no event. */
function endsAfter(count: number, { empty = 0, each = (_: number): void => {} } = {}): Analyse {
  return async (_inputs, _options, { onStart, signal }) => {
    let taken = 0;
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
      onStart?.(() => {
        taken++;
        if (taken >= count) {
          resolve();
        }
        each(taken);
        return taken <= empty ? null : interim(taken);
      });
    });
    return report({ complete: !signal.aborted, threads: [thread(1), thread(2)] });
  };
}

function interim(events: number): Report {
  const { trace } = report();
  return report({ complete: false, interim: true, trace: { ...trace, events } });
}

const EVERY = ["--every", "100ms"];

describe("--every", () => {
  test("prints a summary of each interim report, then the report", async () => {
    const { out, code } = await mallog([...EVERY, "x"], endsAfter(3));
    const whole = (await mallog(["x"], async () => report({ threads: [thread(1), thread(2)] })))
      .out;
    expect(out.endsWith(whole)).toBe(true);
    expect(code).toBe(0);
    const rules = out.split("\n").filter((line) => /^─+$/.test(line));
    expect(rules).toHaveLength(3);
    expect(out).toContain("Interim report: all figures cover the first 2 events; the log is still");
  });

  test("--ndjson prints a report on a line each time", async () => {
    const { out } = await mallog([...EVERY, "--ndjson", "x"], endsAfter(3, { empty: 1 }));
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line): Report => JSON.parse(line));
    expect(lines.map(({ interim }) => interim)).toEqual([true, true, undefined]);
    expect(lines.map(({ complete }) => complete)).toEqual([false, false, true]);
  });

  test("rewrites the files of -o, and the last report replaces them", async () => {
    const file = join(newFolder(), "report.json");
    const seen: unknown[] = [];
    const each = (taken: number): void => {
      seen.push(taken === 1 ? null : JSON.parse(readFileSync(file, "utf8")).trace.events);
    };
    const argv = [...EVERY, "--json", "-o", file, "x"];
    const { out } = await mallog(argv, endsAfter(4, { each }));
    expect(seen).toEqual([null, 1, 2, 3]);
    expect(JSON.parse(out).interim).toBe(undefined);
    expect(readFileSync(file, "utf8")).toBe(out);
  });

  test("-q with -o prints nothing", async () => {
    const file = join(newFolder(), "report.json");
    const { out, err } = await mallog([...EVERY, "-q", "-o", file, "x"], endsAfter(2));
    expect(out + err).toBe("");
  });

  test("a file that cannot be written for a while is reported, and written later", async () => {
    const folder = join(newFolder(), "reports");
    const file = join(folder, "report.json");
    mkdirSync(folder);
    const each = (taken: number): void => {
      if (taken === 1) {
        rmSync(folder, { recursive: true });
      } else if (taken === 2) {
        mkdirSync(folder);
      }
    };
    const { err, code } = await mallog([...EVERY, "-q", "-o", file, "x"], endsAfter(3, { each }));
    expect(err).toMatch(/^mallog: interim report: cannot write .*report\.json: .*\n$/);
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(file, "utf8")).complete).toBe(true);
  });

  test("a reader that is gone ends the reading, quietly and with 0", async () => {
    const stdout = new FakeOutput({ failWith: "EPIPE" });
    const ended = await mallog([...EVERY, "--ndjson", "x"], endsAfter(1000), { stdout });
    expect(ended).toMatchObject({ code: 0, err: "" });
  });

  test("an error of the analysis ends the run", async () => {
    const failing: Analyse = async (inputs, options, hooks) => {
      const each = (): void => {
        throw new Error("broken");
      };
      return endsAfter(1000, { each })(inputs, options, hooks);
    };
    const { code, err } = await mallog([...EVERY, "x"], failing);
    expect(code).toBe(70);
    expect(err).toContain("internal error: broken");
  });

  test.each([["--json"], ["--csv"], ["--plain"]])("%s needs -o", async (form) => {
    const { code, err } = await mallog([...EVERY, form, "x"]);
    expect(code).toBe(2);
    expect(err).toContain(
      `--every has nowhere to put interim reports, as ${form} prints one report`,
    );
  });

  test.each(["0s", "10", "50ms", "25h", "soon"])("%s is refused", async (interval) => {
    const { code, err } = await mallog(["--every", interval, "x"]);
    expect(code).toBe(2);
    expect(err).toContain("give an interval like 10s, 500ms or 2m, from 100ms to 24h");
  });
});

describe("--follow", () => {
  test("the analysis reads on, until a signal", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "malloc.log"), "");
    const { asked, err } = await mallog(["--follow", "a.log", "malloc.log"], undefined, {
      cwd: folder,
    });
    expect(asked?.hooks.follows).toBe(true);
    expect(err).toBe("");
  });

  test("says that it waits for a file", async () => {
    const { err } = await mallog(["-f", "malloc.log"], undefined, { cwd: newFolder() });
    expect(err).toBe("mallog: malloc.log: no such file yet; waiting for it (interrupt to end)\n");
  });

  test.each([[[]], [["-"]], [["a.log", "-"]]])("needs a file, not %j", async (inputs) => {
    const { code, err } = await mallog(["--follow", ...inputs]);
    expect(code).toBe(2);
    expect(err).toContain(
      "--follow needs a file; leave it out: standard input is read as it comes",
    );
  });

  test("in a terminal it shows a table, which it erases", async () => {
    const stderr = new FakeOutput({ columns: 80 });
    let shown = "";
    const analyse: Analyse = async (_inputs, _options, { onStart, onProgress }) => {
      onProgress({ bytes: 5000, totalBytes: null, events: 60 });
      onStart?.(() => interim(70));
      while (!stderr.text.includes("Threads")) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      shown = stderr.text;
      return report();
    };
    await mallog(["--follow", "/dev/null"], analyse, { stderr });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it erases the screen below
    expect(shown).toMatch(/^\r\u001b\[J0 s: 70 events, [\d,]+\/s, 4\.88 KiB read\n/);
    expect(shown).toContain("heap RSS");
    const lines = shown.trimEnd().split("\n").length;
    expect(stderr.text.endsWith(`\r\u001b[${lines}A\u001b[J`)).toBe(true);
  });

  test.each([["--quiet"], ["--no-progress"]])("no table with %s", async (option) => {
    const stderr = new FakeOutput({ columns: 80 });
    const { asked } = await mallog(["--follow", option, "/dev/null"], undefined, { stderr });
    expect(asked?.hooks.onStart).toBe(undefined);
    expect(stderr.text).toBe("");
  });
});
