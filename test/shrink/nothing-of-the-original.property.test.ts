import fc from "fast-check";
import { expect, test } from "vitest";
import { MomentGate } from "../../src/shrink/moment-gate.ts";
import { ShrinkingWriter } from "../../src/shrink/shrinking-writer.ts";
import { rewritten } from "../support/rewritten.ts";

/** Words that occur nowhere in what mallog writes by itself. */
const secret = fc.stringMatching(/^zq[a-z]{4,10}$/);

/** Longer than sizes and the parts of times: a number that occurs in the output is this one. */
const tid = fc.integer({ min: 1_100_000, max: 4_194_304 });

const address = fc.oneof(
  fc.nat(0xffffff).map((n) => 0x5581_0000_0000 + 16 * n),
  fc.nat(0xffffff).map((n) => 0x7f65_0000_0000 + 16 * n),
  fc.nat(0xffffff).map((n) => 0xffff_8000_0000 + 16 * n),
);
const site = fc.nat(0xffffff).map((n) => 0x7f12_3400_0000 + n);
const hex = (value: number) => `0x${value.toString(16)}`;

const caller = fc.oneof(
  site.map(hex),
  secret.map((word) => `${word}.so+0x41`),
);
const call = fc.oneof(
  fc.tuple(fc.nat(9999), address).map(([n, p]) => `malloc(${n}) = ${hex(p)}`),
  address.map((p) => `free(${hex(p)})`),
  fc
    .tuple(address, fc.nat(9999), address)
    .map(([p, n, q]) => `realloc(${hex(p)}, ${n}) = ${hex(q)}`),
  fc.tuple(fc.nat(9999), address).map(([n, p]) => `memalign(64, ${n}) = ${hex(p)}`),
  secret.map((word) => `mark(${word} up)`),
);

const comment = fc.oneof(
  secret,
  fc.tuple(secret, tid).map(([word, id]) => `${word} ${id}`),
  fc.tuple(fc.constantFrom("pid", "parent", "start", "fork"), tid).map((t) => t.join(" ")),
  fc.tuple(tid, tid).map((ids) => `owner ${ids.join(" ")}`),
  fc.tuple(tid, secret).map(([id, word]) => `thread ${id} ${word} ${word}`),
  fc.tuple(secret, tid).map(([word, id]) => `forked ${word}.log 12 ${id}`),
  fc
    .tuple(fc.constantFrom("program", "command", "allocator"), secret, secret)
    .map(([key, folder, name]) => `${key} /opt/${folder}/${name}`),
  fc
    .tuple(
      fc.constantFrom(
        "setting",
        "tunables.conf",
        "glibc",
        "arch",
        "cpus",
        "rss",
        "cgroup",
        "thp",
        "page",
        "hook",
        "lost",
        "end",
        "attached",
      ),
      secret,
    )
    .map((t) => t.join(" ")),
  secret.map((word) => `setting MALLOC_${word}=1`),
  secret.map((word) => `setting MALLOC_ARENA_MAX=${word}`),
  secret.map(
    (word) => `setting GLIBC_TUNABLES=glibc.malloc.arena_max=2:${word}=${word}:glibc.${word}`,
  ),
  secret.map((word) => `tunables.conf [proc:/usr/${word}/${word}]`),
  secret.map((word) => `tunables.conf [${word}:${word}]`),
  secret.map((word) => `tunables.conf -${word}=1`),
  secret.map((word) => `glibc 2.36-${word}`),
  secret.map((word) => `rss 4096 other=8192 ${word}=1`),
  address.map((p) => `heap ${hex(p)}`),
  fc.tuple(address, secret).map(([p, word]) => `heap ${hex(p)} ${word}`),
  address.map((p) => `hole ${hex(p)} 0+4096`),
  fc
    .tuple(site, secret)
    .map(
      ([at, word]) => `map ${at.toString(16)}-${(at + 4096).toString(16)} r-xp 00000000 /${word}`,
    ),
);

const line = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(tid, caller, call)
      .map(([id, at, text]) => `${id} 00:00:01.5 [${at}] ${text}`),
  },
  { weight: 2, arbitrary: comment.map((text) => `# ${text}`) },
  { weight: 1, arbitrary: secret },
);

/** Names, paths, ids and addresses in a text. */
function identifiersIn(text: string): string[] {
  return text.match(/zq[a-z]+|\b\d{7}\b|(?<=0x|\b)[0-9a-f]{12}\b/g) ?? [];
}

const window = fc.constantFrom(
  () => ({ from: null, to: null }),
  () => ({
    from: new MomentGate({ kind: "line", line: 8 }),
    to: new MomentGate({ kind: "line", line: 16 }),
  }),
);

test("no name, path, id or address of a log is in what it is shrunk to", async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 30 }), window, async (lines, newWindow) => {
      const log = lines.map((one) => `${one}\n`).join("");
      const { text } = await rewritten(() => new ShrinkingWriter(newWindow()), log);
      const original = new Set(identifiersIn(log));
      compared += original.size;
      expect(identifiersIn(text).filter((one) => original.has(one))).toEqual([]);
      expect(text).not.toMatch(/zq/);
    }),
    { numRuns: Number(process.env.RUNS ?? 500), interruptAfterTimeLimit: 60_000 },
  );
  expect(compared).toBeGreaterThan(500);
});
