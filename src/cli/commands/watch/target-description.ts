import { readFileSync } from "node:fs";

/**
 * The registers of x86-64 that gdb 13 and older can write on every processor, as gdb reads them from a file. Where the
 * processor has AMX, its whole state is larger than these versions know, and the kernel refuses what they write: a function
 * that gdb calls in a process fails, and may end the process. With this description gdb saves and restores the state of SSE,
 * and no upper halves of vector registers.
 */
export function sseRegisters(): string {
  const registers = [
    feature("core", [
      ...GENERAL.map((name) => register(name, 64, /^r[bs]p$/.test(name) ? "data_ptr" : "int64")),
      register("rip", 64, "code_ptr"),
      register("eflags", 32, "int32"),
      ...SEGMENTS.map((name) => register(name, 32, "int32")),
      ...numbered("st", 8).map((name) => register(name, 80, "i387_ext")),
      ...FLOATING_POINT.map((name) => register(name, 32, "int", "float")),
    ]),
    feature("sse", [
      ...numbered("xmm", 16).map((name) => register(name, 128, "uint128")),
      register("mxcsr", 32, "int32", "vector"),
    ]),
    feature("linux", [register("orig_rax", 64, "int")]),
    feature("segments", [register("fs_base", 64, "int"), register("gs_base", 64, "int")]),
  ];
  return `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>i386:x86-64</architecture>
<osabi>GNU/Linux</osabi>
${registers.join("\n")}
</target>
`;
}

/** True if the processor has AMX. */
export function hasAmx(): boolean {
  return /^flags\s*:.* amx_tile\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
}

/** gdb wants them in this order. */
const GENERAL = [
  ...["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"],
  ...numbered("r", 16).slice(8),
];
const SEGMENTS = ["cs", "ss", "ds", "es", "fs", "gs"];
const FLOATING_POINT = ["fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"];

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`);
}

function feature(name: string, registers: readonly string[]): string {
  return `<feature name="org.gnu.gdb.i386.${name}">\n${registers.join("\n")}\n</feature>`;
}

function register(name: string, bits: number, type: string, group = ""): string {
  const part = group === "" ? "" : ` group="${group}"`;
  return `<reg name="${name}" bitsize="${bits}" type="${type}"${part}/>`;
}
