/*
 * Runs sequences of malloc calls on the real glibc and records the result of every call.
 *
 *   glibc-driver < operations > records          both regular files; layouts below, little endian
 *
 * A run has many sequences, each in a process of its own: a heap's behaviour depends on its whole history. The parent
 * never calls malloc (no stdio; only static and mmapped buffers) and forks a child for each sequence. The child's heap is
 * as new as after exec, at a tenth of the cost; glibc-driver.glibc.test.ts compares the two (`direct` mode runs a
 * sequence without fork).
 *
 * The malloc family is defined here, on top of glibc's __libc_* entries, so that libc's own calls (pthread_create callocs
 * the new thread's DTV) are recorded, too, and in true order: only one thread runs at a time.
 *
 * There is no __thread variable: a TLS segment in the program would add a module to that DTV.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <gnu/libc-version.h>

/* Old symbol versions and a custom _start, so that a binary built with this machine's glibc also runs on older ones (2.34
   gave these symbols new versions when it merged libpthread). -DOLD_MALLINFO: for glibc before 2.33. */
__asm__(".symver pthread_create, pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.2.5");
__asm__(".symver pthread_attr_setstack, pthread_attr_setstack@GLIBC_2.2.5");

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void *__libc_valloc(size_t);
extern void *__libc_pvalloc(size_t);
extern void __libc_free(void *);
extern char **environ;

enum { PAGE = 4096, THREADS = 9 /* main and eight workers */, SLOTS = 1 << 16, JOBS = 64, STACK_BYTES = 1 << 18 };
static const uintptr_t HEAP_BYTES = 64u << 20;

/* ---- input ---------------------------------------------------------------------------------------------------- */

enum { TOUCH_ALL = 1, DIRECT = 2, FOUND_BREAK = 4 }; /* batch flags */
enum { NPTL_STACKS = 1 };           /* sequence flags */

/* as Op in src/trace/event.ts; from 32 on, operations that only this driver has */
enum {
  MALLOC, CALLOC, REALLOC, MEMALIGN, VALLOC, PVALLOC, FREE, MALLOC_TRIM, MALLOPT, THREAD_EXIT,
  SBRK = 32, THREAD_START, POSIX_MEMALIGN, ALIGNED_ALLOC
};

struct batch { uint32_t magic, sequences, flags, unused; };
struct sequence { uint32_t first, length, flags, unused; };
struct step { uint8_t op, thread; uint16_t unused; uint32_t slot; int64_t size, align; };

static const struct batch *batch;
static const struct sequence *sequences;
static const struct step *steps;

/* ---- output --------------------------------------------------------------------------------------------------- */

/* Columns are written as doubles, which the reader computes with; they hold 48-bit addresses exactly. */
enum { WIDE = 6 };
enum { SIZE, ALIGN, IN, OUT, BREAK, CHUNK };

enum { REGION_MAIN, REGION_HEAP, REGION_MAPPED };
struct region { double kind, base, length, arena, prev, size, mprotect_size, pages; };
enum { MAX_REGIONS = 1 << 17, MAX_PAGES = 1 << 22 };

struct record {
  double sequence, status, step, events, regions, pages, start_break, end_break, mallinfo[10];
};

/* Filled in by a child and read by its parent, in shared memory; mapped whole, resident as far as used. */
struct job {
  struct record record;
  uint32_t events, regions, pages;
  double *wide[WIDE];
  uint32_t *cause;
  uint8_t *op, *thread;
  struct region *region;
  uint32_t *page;
};
static uint32_t event_limit;
static struct job *job; /* the child's own; NULL: not recording */
static uint32_t early_calls;

/* a failed child's exit codes; glibc-driver-format.ts has their texts */
enum { OUT_OF_EVENTS = 100, OUT_OF_PAGES, NO_THREAD, NO_PAGEMAP, CALLS_BEFORE_START };

static void fail(int code) { _exit(code); }

/* ---- threads: the one that runs, and the next ------------------------------------------------------------------- */

static void *thread_pointer[THREADS];
static pthread_t thread_id[THREADS];
static void *stack[THREADS];
static int baton[THREADS], quit[THREADS];
static uint32_t pc, length; /* next step; owned by the thread with the baton */
static const struct step *program;
static int nptl_stacks, threads_started;
/* While a thread is joined: both threads, and whether the exit has been recorded. */
static int joined = -1, joiner, exit_recorded;

static void *own_thread_pointer(void) {
  void *p;
  __asm__("mov %%fs:0, %0" : "=r"(p));
  return p;
}

static int own_thread(void) {
  void *p = own_thread_pointer();
  for (int t = 0; t < THREADS; t++)
    if (thread_pointer[t] == p) return t;
  return 255;
}

static void pass_baton(int to) {
  __atomic_store_n(&baton[to], 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, &baton[to], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await_baton(int self) {
  while (!__atomic_exchange_n(&baton[self], 0, __ATOMIC_ACQUIRE))
    syscall(SYS_futex, &baton[self], FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

/* ---- recording -------------------------------------------------------------------------------------------------- */

/* live mmapped chunks, for their resident pages at the end */
static void *mapped[SLOTS];
static uint32_t mapped_count;

static uint64_t chunk_word(void *p) { return p ? ((uint64_t *)p)[-1] : 0; }
static int is_mapped(void *p) { return (chunk_word(p) & 2) != 0; }

static void add_mapped(void *p) {
  if (is_mapped(p) && mapped_count < SLOTS) mapped[mapped_count++] = p;
}

static void drop_mapped(void *p) {
  for (uint32_t i = mapped_count; i-- > 0;)
    if (mapped[i] == p) {
      mapped[i] = mapped[--mapped_count];
      return;
    }
}

static void put(int op, int thread, uint64_t size, uint64_t align, void *in, void *out, uint64_t word) {
  uint32_t i = job->events;
  if (i >= event_limit) fail(OUT_OF_EVENTS);
  job->wide[SIZE][i] = op == MALLOPT || op == SBRK ? (double)(int64_t)size : (double)size;
  job->wide[ALIGN][i] = op == MALLOPT ? (double)(int64_t)align : (double)align;
  job->wide[IN][i] = (double)(uintptr_t)in;
  job->wide[OUT][i] = (double)(uintptr_t)out;
  job->wide[BREAK][i] = (double)(uintptr_t)sbrk(0);
  job->wide[CHUNK][i] = (double)word;
  job->cause[i] = pc;
  job->op[i] = (uint8_t)op;
  job->thread[i] = (uint8_t)thread;
  job->events = i + 1;
}

/* The exit is complete when pthread_join has seen the thread end, before it frees the thread's memory. */
static void record_exit(void) {
  exit_recorded = 1;
  put(THREAD_EXIT, joined, 0, (uint64_t)joiner, NULL, NULL, 0);
}

static void record(int op, uint64_t size, uint64_t align, void *in, void *out) {
  if (!job) {
    early_calls++;
    return;
  }
  int self = own_thread();
  if (joined >= 0 && !exit_recorded && self == joiner) record_exit();
  put(op, self, size, align, in, out, op <= PVALLOC ? chunk_word(out) : 0);
}

static void *returned(int op, uint64_t size, uint64_t align, void *p) {
  add_mapped(p);
  record(op, size, align, NULL, p);
  return p;
}

/* ---- the malloc family ------------------------------------------------------------------------------------------ */

void *malloc(size_t n) { return returned(MALLOC, n, 0, __libc_malloc(n)); }

/* The event's size is the product; its align is the element size, on which nothing depends. */
void *calloc(size_t n, size_t m) { return returned(CALLOC, n * m, m, __libc_calloc(n, m)); }

void *memalign(size_t al, size_t n) { return returned(MEMALIGN, n, al, __libc_memalign(al, n)); }
void *aligned_alloc(size_t al, size_t n) { return memalign(al, n); }
void *valloc(size_t n) { return returned(VALLOC, n, 0, __libc_valloc(n)); }
void *pvalloc(size_t n) { return returned(PVALLOC, n, 0, __libc_pvalloc(n)); }

int posix_memalign(void **p, size_t al, size_t n) {
  if (al % sizeof(void *) || al == 0 || (al & (al - 1))) return 22; /* EINVAL, as glibc */
  void *q = memalign(al, n);
  if (!q) return 12;
  *p = q;
  return 0;
}

/* Recorded before the call: only after it can another thread get the block; the end of a join comes first. */
void free(void *p) {
  if (job && joined >= 0 && !exit_recorded && own_thread() == joiner) record_exit();
  if (is_mapped(p)) drop_mapped(p);
  __libc_free(p);
  /* at a thread's end libc calls free(NULL) about 20 times, which does nothing */
  if (p || joined < 0) record(FREE, 0, 0, p, NULL);
}

void *realloc(void *p, size_t n) {
  int was_mapped = is_mapped(p);
  void *q = __libc_realloc(p, n);
  if (was_mapped && (q || n == 0)) drop_mapped(p);
  if (q && !(was_mapped && q == p && !is_mapped(q))) add_mapped(q);
  record(REALLOC, n, 0, p, q);
  return q;
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

static struct slot { char *p; size_t size; } slots[SLOTS];

static void touch(char *from, size_t n) {
  if ((batch->flags & TOUCH_ALL) && n) memset(from, 0xa5, n);
}

static void hold(const struct step *s, void *p) {
  struct slot *slot = &slots[s->slot];
  slot->p = p;
  slot->size = (size_t)s->size;
  if (p) touch(p, slot->size);
}

static int run_steps(int self);

static void *worker(void *argument) {
  int self = (int)(intptr_t)argument;
  thread_pointer[self] = own_thread_pointer();
  for (;;) {
    await_baton(self);
    if (quit[self]) return NULL;
    run_steps(self);
  }
}

static void start_thread(int t, int creator) {
  pthread_attr_t attr, *own_stack = NULL;
  if (!nptl_stacks) {
    if (!stack[t])
      stack[t] = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    pthread_attr_init(&attr);
    pthread_attr_setstack(&attr, stack[t], STACK_BYTES);
    own_stack = &attr;
  }
  quit[t] = 0;
  threads_started = 1;
  if (pthread_create(&thread_id[t], own_stack, worker, (void *)(intptr_t)t) != 0) fail(NO_THREAD);
  put(THREAD_START, t, 0, (uint64_t)creator, NULL, NULL, 0);
}

static void end_thread(int t, int self) {
  joiner = self;
  exit_recorded = 0;
  joined = t;
  quit[t] = 1;
  pass_baton(t);
  pthread_join(thread_id[t], NULL);
  if (!exit_recorded) record_exit();
  joined = -1;
  thread_pointer[t] = NULL;
}

static void run_step(const struct step *s, int self) {
  struct slot *slot = &slots[s->slot];
  size_t n = (size_t)s->size, al = (size_t)s->align;
  void *p;
  switch (s->op) {
    case MALLOC: hold(s, malloc(n)); break;
    /* `align` is the element size; the slot's size is the product */
    case CALLOC: hold(s, calloc(al ? n / al : n, al ? al : 1)); break;
    case MEMALIGN: hold(s, memalign(al, n)); break;
    case ALIGNED_ALLOC: hold(s, aligned_alloc(al, n)); break;
    case POSIX_MEMALIGN: p = NULL; posix_memalign(&p, al, n); hold(s, p); break;
    case VALLOC: hold(s, valloc(n)); break;
    case PVALLOC: hold(s, pvalloc(n)); break;
    case FREE:
      free(slot->p);
      slot->p = NULL;
      break;
    case REALLOC: {
      char *old = slot->p;
      size_t before = old ? slot->size : 0;
      char *q = realloc(old, n);
      if (q || (old && n == 0)) slot->p = q, slot->size = n;
      if (q && n > before) touch(q + before, n - before);
      break;
    }
    case MALLOC_TRIM: record(MALLOC_TRIM, n, 0, NULL, (void *)(intptr_t)malloc_trim(n)); break;
    case MALLOPT: record(MALLOPT, n, al, NULL, (void *)(intptr_t)mallopt((int)al, (int)n)); break;
    case SBRK: record(SBRK, n, 0, NULL, sbrk((intptr_t)n)); break;
    case THREAD_START: start_thread((int)s->slot, self); break;
    case THREAD_EXIT: end_thread((int)s->slot, self); break;
  }
}

/* Runs the thread's steps, then passes the baton to the thread of the next step, or to main after the last one. Returns
   that thread. */
static int run_steps(int self) {
  for (; pc < length && program[pc].thread == self; pc++) {
    job->record.step = pc;
    run_step(&program[pc], self);
  }
  int next = pc < length ? program[pc].thread : 0;
  if (next != self) pass_baton(next);
  return next;
}

static void run_program(void) {
  thread_pointer[0] = own_thread_pointer();
  while (run_steps(0) != 0) await_baton(0);
}

/* ---- the heap at the end ---------------------------------------------------------------------------------------- */

static int pagemap = -1;
static uint64_t zero_frame; /* page frame of the kernel's shared zero page; 0: none, or hidden without CAP_SYS_ADMIN */

/* A page is resident if it has a frame of its own. A page that was only read maps the shared zero page. */
static uint32_t add_resident(uintptr_t base, uint64_t bytes) {
  static uint64_t entries[PAGE];
  uint32_t before = job->pages;
  uint64_t total = (base % PAGE + bytes + PAGE - 1) / PAGE;
  for (uint64_t first = 0; first < total; first += PAGE) {
    uint64_t want = total - first < PAGE ? total - first : PAGE;
    ssize_t got = pread(pagemap, entries, want * 8, (off_t)((base / PAGE + first) * 8));
    if (got != (ssize_t)(want * 8)) fail(NO_PAGEMAP);
    for (uint64_t i = 0; i < want; i++) {
      if (!(entries[i] >> 63) || (zero_frame && (entries[i] & ((1ull << 55) - 1)) == zero_frame)) continue;
      if (job->pages >= MAX_PAGES) fail(OUT_OF_PAGES);
      job->page[job->pages++] = (uint32_t)(first + i);
    }
  }
  return job->pages - before;
}

static void add_region(struct region r, uint64_t scanned_bytes) {
  r.pages = add_resident((uintptr_t)r.base, scanned_bytes);
  if (job->regions >= MAX_REGIONS) fail(OUT_OF_PAGES);
  job->region[job->regions++] = r;
}

static int is_resident(uintptr_t page) {
  uint64_t entry = 0;
  return pread(pagemap, &entry, 8, (off_t)(page / PAGE * 8)) == 8 && (entry >> 63);
}

struct heap_info { uintptr_t arena, prev; uint64_t size, mprotect_size; };

/* Whether a heap_info is at a 64 MiB boundary. Its arena is in some heap's first page, just behind a heap_info (32 or 48
   bytes), which is true neither of a mmapped chunk's header nor of this program's fill pattern. */
static int is_heap(const struct heap_info *h) {
  uintptr_t behind = h->arena & (HEAP_BYTES - 1);
  return (behind == 32 || behind == 48) && h->size % PAGE == 0 && h->size <= h->mprotect_size &&
         h->mprotect_size <= HEAP_BYTES && h->prev % HEAP_BYTES == 0;
}

static uint64_t hexadecimal(const char **p) {
  uint64_t v = 0;
  for (;; (*p)++) {
    char c = **p;
    if (c >= '0' && c <= '9') v = v * 16 + (uint64_t)(c - '0');
    else if (c >= 'a' && c <= 'f') v = v * 16 + (uint64_t)(c - 'a' + 10);
    else return v;
  }
}

/* Finds the arena heaps in the memory map and not by pointers: a heap may have returned no pointer. */
static void add_heaps(void) {
  static char maps[1 << 20];
  int fd = open("/proc/self/maps", O_RDONLY);
  size_t end = 0;
  ssize_t got;
  while (end < sizeof maps - 1 && (got = read(fd, maps + end, sizeof maps - 1 - end)) > 0) end += (size_t)got;
  close(fd);
  maps[end] = 0;
  for (const char *line = maps; *line;) {
    uintptr_t from = hexadecimal(&line);
    line++; /* '-' */
    uintptr_t to = hexadecimal(&line);
    int writable = line[1] == 'r' && line[2] == 'w';
    const char *newline = strchr(line, '\n');
    line = newline ? newline + 1 : line + strlen(line);
    if (!writable) continue;
    for (uintptr_t base = (from + HEAP_BYTES - 1) & ~(HEAP_BYTES - 1); base < to; base += HEAP_BYTES) {
      const struct heap_info *h = (const struct heap_info *)base;
      if (!is_resident(base) || !is_heap(h)) continue;
      add_region((struct region){REGION_HEAP, (double)base, (double)h->size, (double)h->arena, (double)h->prev,
                                 (double)h->size, (double)h->mprotect_size, 0},
                 h->mprotect_size);
    }
  }
}

static void measure(void) {
  struct record *r = &job->record;
  uintptr_t start = (uintptr_t)r->start_break, end = (uintptr_t)sbrk(0);
  r->end_break = (double)end;
  pagemap = open("/proc/self/pagemap", O_RDONLY);
  add_region((struct region){REGION_MAIN, (double)start, (double)(end - start), 0, 0, 0, 0, 0}, end - start);
  if (threads_started) add_heaps();
  for (uint32_t i = 0; i < mapped_count; i++) {
    uint64_t *header = (uint64_t *)mapped[i] - 2; /* prev_size: offset from the mapping's start; size */
    uintptr_t base = (uintptr_t)header - header[0];
    uint64_t bytes = ((header[1] & ~7ull) + header[0] + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    add_region((struct region){REGION_MAPPED, (double)base, (double)bytes, 0, 0, 0, 0, 0}, bytes);
  }
#ifdef OLD_MALLINFO
  struct mallinfo i = mallinfo(); /* 32-bit fields: wrap at 4 GiB */
#else
  struct mallinfo2 i = mallinfo2();
#endif
  double fields[10] = {i.arena,   i.ordblks,  i.smblks,   i.hblks,    i.hblkhd,
                       i.usmblks, i.fsmblks, i.uordblks, i.fordblks, i.keepcost};
  memcpy(r->mallinfo, fields, sizeof fields);
}

/* ---- one sequence, one process ---------------------------------------------------------------------------------- */

static uint64_t allowed[16]; /* CPUs, one bit each */

static uint32_t allowed_cpus(void) {
  syscall(SYS_sched_getaffinity, 0, sizeof allowed, allowed);
  uint32_t count = 0;
  for (int i = 0; i < 16; i++) count += (uint32_t)__builtin_popcountll(allowed[i]);
  return count;
}

/* Only one thread runs at a time: passing the baton is several times faster on a single CPU. */
static void stay_on_one_cpu(uint32_t which) {
  uint64_t one[16] = {0};
  for (uint32_t i = 0, seen = 0; i < 16 * 64; i++)
    if ((allowed[i / 64] >> (i % 64) & 1) && seen++ == which) {
      one[i / 64] = 1ull << (i % 64);
      syscall(SYS_sched_setaffinity, 0, sizeof one, one);
      return;
    }
}

static void run_sequence(uint32_t index, struct job *into) {
  const struct sequence *s = &sequences[index];
  program = steps + s->first;
  length = s->length;
  nptl_stacks = (s->flags & NPTL_STACKS) != 0;
  if (early_calls) fail(CALLS_BEFORE_START);
  into->record.start_break = (double)(uintptr_t)sbrk(0);
  job = into;
  run_program();
  measure();
}

/* ---- the parent ------------------------------------------------------------------------------------------------- */

static void *map_shared(size_t bytes) {
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) _exit(1);
  return p;
}

/* The job itself is in shared memory, too: it holds the counts. */
static struct job *new_job(void) {
  struct job *j = map_shared(sizeof *j);
  for (int i = 0; i < WIDE; i++) j->wide[i] = map_shared(event_limit * sizeof(double));
  j->cause = map_shared(event_limit * sizeof *j->cause);
  j->op = map_shared(event_limit);
  j->thread = map_shared(event_limit);
  j->region = map_shared(MAX_REGIONS * sizeof *j->region);
  j->page = map_shared(MAX_PAGES * sizeof *j->page);
  return j;
}

static void write_all(const void *from, size_t n) {
  for (const char *p = from; n;) {
    ssize_t w = write(1, p, n);
    if (w <= 0) _exit(1);
    p += w;
    n -= (size_t)w;
  }
}

/* Every column starts at a multiple of 8, so that the reader can lay typed arrays over the file. */
static void write_column(const void *from, size_t n) {
  static const char zeros[8];
  write_all(from, n);
  write_all(zeros, -n & 7);
}

static void write_job(struct job *j, uint32_t index, int status) {
  j->record.sequence = index;
  j->record.status = WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
  j->record.events = j->events;
  j->record.regions = j->regions;
  j->record.pages = j->pages;
  write_all(&j->record, sizeof j->record);
  for (int i = 0; i < WIDE; i++) write_column(j->wide[i], j->events * sizeof(double));
  write_column(j->cause, j->events * sizeof *j->cause);
  write_column(j->op, j->events);
  write_column(j->thread, j->events);
  write_column(j->region, j->regions * sizeof *j->region);
  write_column(j->page, j->pages * sizeof *j->page);
}

static void reset(struct job *j) {
  memset(&j->record, 0, sizeof j->record);
  j->events = j->regions = j->pages = 0;
}

static uint64_t frame_of(const volatile char *p) {
  uint64_t entry = 0;
  int fd = open("/proc/self/pagemap", O_RDONLY);
  pread(fd, &entry, 8, (off_t)((uintptr_t)p / PAGE * 8));
  close(fd);
  return entry & ((1ull << 55) - 1);
}

/* Reads two pages that were never written: with a shared zero page they have the same frame. Some kernels have no zero page
   for anonymous memory; a page that was read then has a frame of its own, like a written one. */
static void find_zero_frame(void) {
  volatile char *untouched = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  (void)untouched[0];
  (void)untouched[PAGE];
  uint64_t frame = frame_of(untouched);
  zero_frame = frame == frame_of(untouched + PAGE) ? frame : 0;
  munmap((void *)untouched, 2 * PAGE);
}

static void run_in_children(uint32_t parallel) {
  static struct { pid_t pid; uint32_t sequence; } running[JOBS];
  static struct job *slot[JOBS];
  uint32_t next = 0, live = 0;
  for (uint32_t i = 0; i < parallel; i++) slot[i] = new_job();
  while (next < batch->sequences || live) {
    for (uint32_t i = 0; i < parallel && next < batch->sequences; i++) {
      if (running[i].pid) continue;
      reset(slot[i]);
      pid_t pid = fork();
      if (pid < 0) _exit(1);
      if (pid == 0) {
        alarm(60); /* a sequence that hangs is reported as killed by SIGALRM */
        stay_on_one_cpu(i);
        run_sequence(next, slot[i]);
        _exit(0);
      }
      running[i].pid = pid;
      running[i].sequence = next++;
      live++;
    }
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    for (uint32_t i = 0; i < parallel; i++)
      if (pid > 0 && running[i].pid == pid) {
        write_job(slot[i], running[i].sequence, status);
        running[i].pid = 0;
        live--;
      }
  }
}

/* Fixed addresses make failures reproducible. The setting takes effect at the next exec, so the program restarts itself
   with the same command line (under another glibc, /proc/self/exe is its ld.so and the command line names the driver). */
static void without_randomization(void) {
  static char line[1 << 16], *argv[64];
  int now = personality(0xffffffff);
  if (now == -1 || (now & ADDR_NO_RANDOMIZE)) return;
  if (personality((unsigned long)now | ADDR_NO_RANDOMIZE) == -1) return;
  int fd = open("/proc/self/cmdline", O_RDONLY);
  ssize_t n = read(fd, line, sizeof line - 1);
  close(fd);
  int argc = 0;
  for (char *p = line; p < line + n && argc < 63; p += strlen(p) + 1) argv[argc++] = p;
  execve("/proc/self/exe", argv, environ);
}

/* Started through ld.so, or with GLIBC_TUNABLES under 2.25 to 2.34, a program starts with an odd break. (A step sbrk(n)
   can make one.) */
static void align_break(void) {
  uintptr_t odd = (uintptr_t)sbrk(0) % PAGE;
  if (odd) sbrk((intptr_t)(PAGE - odd));
}

struct output { double magic, sequences, online_cpus, zero_frame_known; char version[32]; };

static int run(void) {
  const char *bytes = mmap(NULL, (size_t)lseek(0, 0, SEEK_END), PROT_READ, MAP_PRIVATE, 0, 0);
  if (bytes == MAP_FAILED) return 1;
  batch = (const struct batch *)bytes;
  sequences = (const struct sequence *)(batch + 1);
  steps = (const struct step *)(sequences + batch->sequences);
  for (uint32_t i = 0; i < batch->sequences; i++)
    if (event_limit < sequences[i].length) event_limit = sequences[i].length;
  event_limit = event_limit * 4 + 1024; /* a thread's start and exit include a few calls of libc */

  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  if (!(batch->flags & FOUND_BREAK)) align_break();
  find_zero_frame();
  struct output out = {0x474c4942, batch->sequences, 0, zero_frame != 0, {0}};
  strncpy(out.version, gnu_get_libc_version(), sizeof out.version - 1);
  write_all(&out, sizeof out);
  if (batch->flags & DIRECT) {
    struct job *only = new_job();
    run_sequence(0, only);
    write_job(only, 0, 0);
  } else {
    uint32_t cpus = allowed_cpus();
    run_in_children(cpus < 1 ? 1 : cpus > JOBS ? JOBS : cpus);
  }
  /* Last, since glibc reads /sys for it: the children must not inherit any effect of that. */
  out.online_cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
  return pwrite(1, &out, sizeof out, 0) == sizeof out ? 0 : 1;
}

int main(void) {
  without_randomization();
  _exit(run());
}

/* crt1.o would bind __libc_start_main at its 2.34 version. The old one takes constructors as arguments; there are none. */
extern int old_libc_start_main(int (*)(void), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
__asm__(".symver old_libc_start_main, __libc_start_main@GLIBC_2.2.5");

void start_c(uintptr_t *sp, void (*rtld_fini)(void)) {
  old_libc_start_main(main, (int)sp[0], (char **)(sp + 1), NULL, NULL, rtld_fini, sp);
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  mov %rdx, %rsi\n"
    "  and $-16, %rsp\n"
    "  call start_c\n"
    "  hlt\n");
