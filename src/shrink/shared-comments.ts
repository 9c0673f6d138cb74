import type { MovedAddresses } from "./moved-addresses.ts";
import { Numbers } from "./numbers.ts";
import { sharedConfLine, sharedSetting } from "./shared-settings.ts";

/** Comments that hold for the process, wherever they stand. The others are of the moment at which they stand. */
const OF_PROCESS: ReadonlySet<string> = new Set(
  "addresses affinity arch attached calls cpus end forked glibc heap holes hook order overcommit owner page pid program setting thp thread tunables.conf".split(
    " ",
  ),
);

export function isOfProcess(text: string): boolean {
  return OF_PROCESS.has(cut(text)[0]);
}

/** Comments of figures and known words only. */
const PLAIN: readonly RegExp[] = [
  /^addresses (?:bionic|glibc|none|renamed|valgrind)$/,
  /^affinity \d{1,6}$/,
  /^arch (?:x86_64|amd64|aarch64|arm64|i[3-6]86|x86|arm|armhf|armv[5-8]l)$/,
  /^attached$/,
  /^calls program$/,
  /^cgroup(?: (?:limit|usage)=(?:\d{1,20}|max)){1,2}$/,
  /^cpus \d{1,6}$/,
  /^end$/,
  /^format native$/,
  /^holes(?: min=\d{1,15})?$/,
  /^hook mallog \d{1,6}$/,
  /^lost \d{1,15}$/,
  /^order (?:exact|free)$/,
  /^overcommit \d$/,
  /^page \d{1,6}$/,
  /^rss \d{1,15}(?: (?:heap|arenas|mapped|other)=\d{1,15}){0,4}$/,
  /^thp (?:always|madvise|never)$/,
];

/** Rewrites comments key by key: of those it does not know, nothing is left. */
export class SharedComments {
  readonly #threads: Numbers<number>;
  readonly #addresses: MovedAddresses;
  readonly threadNames = new Numbers<string>();
  readonly #programs = new Numbers<string>();
  readonly #folders = new Numbers<string>();
  /** comments of which nothing was left */
  leftOut = 0;

  constructor(threads: Numbers<number>, addresses: MovedAddresses) {
    this.#threads = threads;
    this.#addresses = addresses;
  }

  /** Returns "" where nothing is left: other lines do not move over a comment, so an empty one stays in its place. */
  rewrite(text: string): string {
    const shared = this.#shared(text);
    if (shared === null) {
      this.leftOut++;
    }
    return shared ?? "";
  }

  #shared(text: string): string | null {
    const [key, rest] = cut(text);
    const plain = `${key} ${rest.replace(/\s+/g, " ")}`.trim();
    if (PLAIN.some((pattern) => pattern.test(plain))) {
      return plain;
    }
    switch (key) {
      case "glibc": {
        const [version] = /^2\.\d{1,3}/.exec(rest) ?? [];
        return version === undefined ? null : `glibc ${version}`;
      }
      case "forked":
        return "forked";
      case "pid":
      case "fork":
      case "owner":
        return this.#withThreads(key, rest);
      case "thread":
        return this.#threadName(rest);
      case "heap":
        return this.#withAddress(key, rest, /^()$/);
      case "hole":
        return this.#withAddress(key, rest, /^\s+(\d{1,15}\+\d{1,15}(?:,\d{1,15}\+\d{1,15})*)$/);
      case "program":
        return rest === "" ? null : `program ${this.#programName(rest)}`;
      case "setting": {
        const setting = sharedSetting(rest);
        return setting === null ? null : `setting ${setting}`;
      }
      case "tunables.conf": {
        const line = sharedConfLine(rest, (path) => this.#programName(path));
        return line === null ? null : `tunables.conf ${line}`;
      }
      default:
        return null;
    }
  }

  #withThreads(key: string, rest: string): string | null {
    if (!/^\d{1,10}(?:\s+\d{1,10})?$/.test(rest)) {
      return null;
    }
    const numbers = rest.split(/\s+/).map((id) => this.#threads.of(Number(id)));
    return `${key} ${numbers.join(" ")}`;
  }

  #threadName(rest: string): string | null {
    const [, id, name] = /^(\d{1,10})\s+(\S.*)$/s.exec(rest) ?? [];
    return id === undefined || name === undefined
      ? null
      : `thread ${this.#threads.of(Number(id))} name-${this.threadNames.of(name)}`;
  }

  #withAddress(key: string, rest: string, more: RegExp): string | null {
    const [digits = ""] = /^0x[\da-f]{1,16}(?![\da-z])/i.exec(rest) ?? [];
    const [, tail] = more.exec(rest.slice(digits.length)) ?? [];
    if (digits === "" || tail === undefined) {
      return null;
    }
    return `${key} 0x${this.#addresses.of(Number(digits)).toString(16)} ${tail}`.trim();
  }

  /** A path keeps its form: a line of /etc/tunables.conf may name the whole of it, or its end. */
  #programName(path: string): string {
    const end = path.lastIndexOf("/");
    const name = `program-${this.#programs.of(path.slice(end + 1))}`;
    return end < 0 ? name : `/folder-${this.#folders.of(path.slice(0, end))}/${name}`;
  }
}

/** The first word, and what follows it. */
function cut(text: string): [key: string, rest: string] {
  const end = text.search(/\s/);
  return end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end).trim()];
}
