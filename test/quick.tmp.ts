// throwaway: replay corpus with crude parser
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Ptmalloc } from "/work/main/src/ptmalloc/ptmalloc.ts";
import { MallocPar } from "/work/main/src/ptmalloc/settings.ts";
import { profileOf } from "/work/main/src/ptmalloc/profile.ts";
import { ADDR, HEAP, MAPPED, STATE } from "/work/main/src/ptmalloc/chunks.ts";
const C = "/work/shared/corpus/";
for (const name of process.argv.slice(2)) {
  const meta = JSON.parse(readFileSync(C + name + "/meta.json", "utf8"));
  const truth = JSON.parse(readFileSync(C + name + "/truth.json", "utf8"));
  const prof = profileOf(meta.glibc)!;
  const m = new Ptmalloc(prof, new MallocPar(prof), 2);
  const base = Number(truth.start_brk);
  const lines = gunzipSync(readFileSync(C + name + "/trace.log.gz")).toString().split("\n");
  const rx = /^(\d+) \S+ \[[^\]]*\] (\w+)\(([^)]*)\)(?:\s*= (\S+))?/;
  const pend = new Map<string, number>(); const exits = new Map<number, string[]>();
  const addExit = (i: number, t: string) => exits.set(i, [...(exits.get(i) ?? []), t]);
  lines.forEach((l, i) => { const sp = l.indexOf(" "); if (sp < 0) return; const tid = l.slice(0, sp);
    const p = pend.get(tid); if (p !== undefined) { if (l.includes("free(0x0)") && i - p < 60) pend.set(tid, i); else { addExit(p, tid); pend.delete(tid); } }
    if (l.includes("thread_exit()")) pend.set(tid, i); });
  for (const [t, i] of pend) addExit(i, t);
  const tids = new Map<string, number>(); const ptr = new Map<number, number>(); const sz = new Map<number, number>();
  let n = 0, eq = 0, first = ""; const bind = new Map<number, number>();
  const tl = new Map<number, any>(); for (const s of truth.timeline) tl.set(s.seq, s);
  let rssBad = 0, rssN = 0, miBad = 0, firstRss = "", firstMi = "";
  for (let i = 0; i < lines.length; i++) {
    const l = lines[i]!; const g = rx.exec(l);
    if (g) {
      const [, tid, op, as, rs] = g; const a = as!.split(",").map((x) => x.trim()); const r = rs?.startsWith("0x") ? Number(rs) : 0;
      if (!tids.has(tid!)) tids.set(tid!, tids.size); m.enter(tids.get(tid!)!);
      let c = 0, req = 0, old = 0;
      switch (op) {
        case "malloc": req = +a[0]!; c = m.malloc(req); break;
        case "calloc": req = +a[0]! * +a[1]!; c = m.calloc(req); break;
        case "realloc": { const p = Number(a[0]); req = +a[1]!; if (p === 0) c = m.malloc(req); else if (req === 0) { m.free(ptr.get(p)!); ptr.delete(p); } else { old = sz.get(p)!; c = m.realloc(ptr.get(p)!, req); ptr.delete(p); } break; }
        case "memalign": case "posix_memalign": case "aligned_alloc": req = +a[1]!; c = m.memalign(+a[0]!, req); break;
        case "valloc": req = +a[0]!; c = m.valloc(req); break;
        case "pvalloc": req = Math.ceil(+a[0]! / 4096) * 4096; c = m.pvalloc(req); break;
        case "free": { const p = Number(a[0]); if (p) { m.free(ptr.get(p)!); ptr.delete(p); } break; }
        case "malloc_trim": m.mallocTrim(+a[0]!); break;
        case "mallopt": m.mallopt(+a[0]!, +a[1]!); break;
      }
      if (c) {
        if (req > old) m.write(c, old, req, 5);
        ptr.set(r, c); sz.set(r, req); n++;
        const w = m.chunks.words; let ok: boolean; const off = (w[c + ADDR]! + 1) * 16;
        if (w[c + STATE] === MAPPED) ok = (r - off) % 4096 === 0 && !(r >= base && r < base + 2 ** 30);
        else { const h = m.heapOf(c); if (h.kind === "break") ok = r - base === off; else { if (!bind.has(h.serial)) bind.set(h.serial, r - (r % 2 ** 26)); ok = bind.get(h.serial)! + off === r; } }
        if (ok) eq++; else if (!first) first = `${i + 1} ${l} model ${m.heapOf(c)?.serial} ${off.toString(16)}`;
      }
    }
    for (const t of exits.get(i) ?? []) { m.enter(tids.get(t)!); m.exitThread(); }
    const s = tl.get(i + 1);
    if (s) { rssN++; const mine = m.resident.allPages * 4096; if (mine !== s.heap_rss) { rssBad++; firstRss ||= `seq ${i + 1} mine ${mine} true ${s.heap_rss} diff pages ${(mine - s.heap_rss) / 4096}`; }
      const sys = m.systemBytes - m.mappedBytes; if (sys !== s.mallinfo.arena) { miBad++; firstMi ||= `seq ${i + 1} sys ${sys} true ${s.mallinfo.arena}`; } }
  }
  const end = m.resident.allPages * 4096; m.mallocTrim(0); const trim = m.resident.allPages * 4096;
  console.log(name, meta.glibc, n, eq, first || "EXACT", "| rss", rssN - rssBad, "/", rssN, firstRss, "| sys", rssN - miBad, firstMi, "| exit", (end - truth.exit.heap_rss) / 4096, "trim", (trim - truth.after_trim.heap_rss) / 4096);
}
