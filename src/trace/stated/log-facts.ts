import type { Note } from "../event.ts";
import { ADDRESS_SPACE } from "../signs/address-space.ts";
import { CodeMappings } from "./code-mappings.ts";
import { StatedProcess } from "./stated-process.ts";

export type Arch = "x86_64" | "aarch64";

/** /sys/kernel/mm/transparent_hugepage/enabled of the recorded machine */
export type ThpMode = "always" | "madvise" | "never";

/**
 * Facts that the log states in `# key value` comments: glibc, CPUs, architecture, page size, settings, heap start and huge
 * page mode of the recorded process, names of threads, and measured RSS. Other comments are ignored here;
 * stated-process.ts and hole-notes.ts read some.
 *
 *     # glibc 2.36
 *     # cpus 8
 *     # arch aarch64                  `uname -m`; arm64 means the same
 *     # page 65536                    `getconf PAGESIZE`
 *     # thp madvise
 *     # addresses none                pointers only number the blocks; or the name of another allocator whose they are
 *     # heap 0x55d0c0a2d000           the initial program break
 *     # setting MALLOC_ARENA_MAX=2    an environment variable or tunable; one for each line
 *     # setting GLIBC_TUNABLES=a=b:c=d     all tunables of the environment
 *     # tunables.conf -glibc.malloc.arena_max=2     a line of /etc/tunables.conf, which glibc reads since 2.44
 *     # program /usr/bin/java         the executable, for lines of /etc/tunables.conf that apply to one program
 *     # thread 16342 main             a thread's name
 *     # map 7f11a000-7f11b000 r-xp 00001000 /usr/lib/libz.so.1     a line of /proc/PID/maps
 *     # hook mallog 1                 the hook, and the version of what it writes
 *     # rss 1052672                   resident bytes of heaps and mapped blocks after the line above
 */
export class LogFacts {
  glibc: string | null = null;
  cpus: number | null = null;
  arch: Arch | null = null;
  /** `arch` names a 32-bit architecture */
  hasShortWords = false;
  /** the pointers are not those of glibc's malloc, so that a model of it has nothing to follow */
  hasOtherAddresses = false;
  /** bytes of a page of the kernel */
  pageBytes: number | null = null;
  thp: ThpMode | null = null;
  /** the initial program break; NaN if not stated */
  heapStart = Number.NaN;
  readonly settings: Record<string, string> = {};
  /** lines of /etc/tunables.conf, in order */
  readonly tunablesConf: string[] = [];
  /** path of the executable; null if not stated */
  program: string | null = null;
  readonly mappings = new CodeMappings();
  readonly threadNames = new Map<number, string>();
  readonly statedProcess = new StatedProcess();
  /** the hook says that it logs each end of a thread: until it has logged one, none has ended */
  logsExits = false;

  /** Reads one comment. Returns the RSS in bytes if the comment is an RSS sample, else null. */
  read(note: Note): number | null {
    const [key, value, rest] = split(note.text);
    this.statedProcess.read(key, value, rest);
    switch (key) {
      case "glibc":
        // Distributions add a revision: 2.36-9+deb12u4.
        this.glibc = /^2\.\d+/.exec(value)?.[0] ?? null;
        break;
      case "cpus":
        if (/^[1-9]\d{0,5}$/.test(value)) {
          this.cpus = Number(value);
        }
        break;
      case "arch":
        if (value === "x86_64" || value === "amd64") {
          this.arch = "x86_64";
        } else if (value === "aarch64" || value === "arm64") {
          this.arch = "aarch64";
        }
        this.hasShortWords = /^(i[3-6]86|x86|arm|armhf|armv[5-8]l)$/.test(value);
        break;
      case "addresses":
        this.hasOtherAddresses = value !== "glibc";
        break;
      case "page":
        if (value === "4096" || value === "16384" || value === "65536") {
          this.pageBytes = Number(value);
        }
        break;
      case "thp":
        if (value === "always" || value === "madvise" || value === "never") {
          this.thp = value;
        }
        break;
      case "heap":
        if (/^0x[0-9a-f]{1,16}$/i.test(value) && Number(value) < ADDRESS_SPACE) {
          this.heapStart = Number(value);
        }
        break;
      case "setting": {
        const at = value.indexOf("=");
        if (at > 0) {
          this.settings[value.slice(0, at)] = value.slice(at + 1);
        }
        break;
      }
      case "tunables.conf":
        this.tunablesConf.push(`${value} ${rest}`.trim());
        break;
      case "program":
        if (value.startsWith("/")) {
          this.program = `${value} ${rest}`.trim();
        }
        break;
      case "thread":
        if (/^\d+$/.test(value) && rest !== "") {
          this.threadNames.set(Number(value), rest);
        }
        break;
      case "map":
        this.mappings.add(`${value} ${rest}`);
        break;
      case "hook":
        this.logsExits = value === "mallog";
        break;
      case "rss":
        return /^\d+$/.test(value) ? Number(value) : null;
    }
    return null;
  }
}

/** The key, the first word after it, and the rest. */
function split(text: string): [key: string, value: string, rest: string] {
  const [key, afterKey] = cutAtSpace(text);
  const [value, rest] = cutAtSpace(afterKey);
  return [key, value, rest];
}

/** The first word, and what follows the spaces after it. The time is linear, whatever bytes the text has. */
function cutAtSpace(text: string): [word: string, rest: string] {
  const end = text.search(/\s/);
  return end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end).trimStart()];
}
