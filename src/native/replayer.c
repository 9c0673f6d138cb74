/*
 * Makes the calls of a file again with whatever allocator the process has, and measures the resident memory of its heaps.
 *
 *     replayer version                              prints the version of glibc, if the allocator can be used
 *     replayer FILE [samples=N] [at=EVENT]… [every=K] [trim] [small-pages]
 *
 * FILE holds the operations (src/native-replay/operations.ts writes it, and has the layout). RSS is measured N times at
 * equal distances, after each EVENT, and at the end; `every` makes the malloc_trim calls of the file's schedule number K,
 * `trim` one more at the end; `small-pages` turns transparent huge pages off. Lines on standard output:
 *
 *     sample EVENTS BYTES     RSS after so many events
 *     end BYTES               RSS at the end
 *     purged BYTES            RSS after another allocator has returned the free memory that it keeps for a time
 *     highwater BYTES         lower bound of the peak between samples, from the kernel's high-water mark of the process
 *     failed N                calls that returned NULL
 *     nanoseconds N           time of the calls, without samples
 *
 * The allocator sees the calls of the file and no others: what libc and ld.so allocate for themselves, such as a new
 * thread's DTV, is served from memory of this program, which is shared memory, so that it is told apart from heaps.
 *
 * Each thread of the log is a thread here, with the thread-local state in which allocators keep caches and arenas. It
 * waits from its start to its exit: the first thread makes its calls for it, in the log's order, with the thread pointer
 * of the other. So no call waits for another thread to be scheduled.
 *
 * Built with symbols and a start that all glibcs from 2.17 on have.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <gnu/libc-version.h>

#if defined __x86_64__
#define OLDEST "GLIBC_2.2.5"
#elif defined __aarch64__
#define OLDEST "GLIBC_2.17"
#endif

/* 2.34 gave these symbols new versions when it merged libpthread and libdl. */
__asm__(".symver pthread_create, pthread_create@" OLDEST);
__asm__(".symver pthread_join, pthread_join@" OLDEST);
__asm__(".symver pthread_attr_init, pthread_attr_init@" OLDEST);
__asm__(".symver pthread_attr_setstack, pthread_attr_setstack@" OLDEST);
__asm__(".symver dlsym, dlsym@" OLDEST);
__asm__(".symver dladdr, dladdr@" OLDEST);

#define EXPORTED __attribute__((visibility("default")))

enum { STACK_BYTES = 64 << 10 };

/* ---- output and failure ----------------------------------------------------------------------------------------- */

static void put(const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    ssize_t done = write(STDOUT_FILENO, text, left);
    if (done < 0) _exit(3);
    text += done;
    left -= (size_t)done;
  }
}

static void put_number(uint64_t n) {
  char digits[24];
  char *at = digits + sizeof digits - 1;
  *at = '\0';
  do *--at = (char)('0' + n % 10);
  while ((n /= 10) != 0);
  put(at);
}

static void put_line(const char *name, uint64_t n) {
  put(name);
  put(" ");
  put_number(n);
  put("\n");
}

__attribute__((noreturn)) static void fail(const char *reason) {
  put("error ");
  put(reason);
  put("\n");
  _exit(2);
}

/* Shared memory: the kernel does not count it as anonymous, and never merges it with an allocator's mapping. */
static void *map_own(size_t bytes, int populate) {
  int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | (populate ? MAP_POPULATE : 0);
  void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (mapped == MAP_FAILED) fail("no memory for the replay");
  return mapped;
}

/* ---- what libc and ld.so allocate for themselves ---------------------------------------------------------------- */

static int keeps_own; /* what libc frees now may still be read */

/* AddressSanitizer is the allocator itself, and can run neither before libraries nor below another malloc. */
#if !defined __SANITIZE_ADDRESS__
enum { OWN_BYTES = 256 << 20, OWN_CLASSES = 256 };

struct own_block { size_t bytes; struct own_block *next; };

static char *own_start, *own_next;
static struct own_block *own_free[OWN_CLASSES]; /* by 16 bytes of size */
static int own_lock;

static void lock_own(void) {
  while (__atomic_exchange_n(&own_lock, 1, __ATOMIC_ACQUIRE)) continue;
}

static void unlock_own(void) { __atomic_store_n(&own_lock, 0, __ATOMIC_RELEASE); }

static int is_own(const void *p) {
  return (uintptr_t)p - (uintptr_t)own_start < OWN_BYTES && own_start != NULL;
}

static void *own_alloc(size_t n) {
  size_t bytes = (n + 15) / 16 * 16;
  lock_own();
  if (own_start == NULL) own_start = own_next = map_own(OWN_BYTES, 0);
  struct own_block **list = bytes / 16 < OWN_CLASSES ? &own_free[bytes / 16] : NULL;
  struct own_block *block = list ? *list : NULL;
  if (block != NULL) {
    *list = block->next;
  } else {
    if (n > OWN_BYTES || own_next + sizeof *block + bytes > own_start + OWN_BYTES) fail("no memory for libc");
    block = (struct own_block *)(void *)own_next;
    block->bytes = bytes;
    own_next += sizeof *block + bytes;
  }
  unlock_own();
  return block + 1;
}

static void own_release(void *p) {
  struct own_block *block = (struct own_block *)p - 1;
  if (block->bytes / 16 >= OWN_CLASSES || keeps_own) return;
  lock_own();
  block->next = own_free[block->bytes / 16];
  own_free[block->bytes / 16] = block;
  unlock_own();
}

/* These stand before the allocator's in the order in which libraries look up names. */
EXPORTED void *malloc(size_t n) { return own_alloc(n); }

EXPORTED void *calloc(size_t n, size_t m) {
  size_t bytes;
  if (__builtin_mul_overflow(n, m, &bytes)) return NULL;
  return memset(own_alloc(bytes), 0, bytes);
}

EXPORTED void *realloc(void *p, size_t n) {
  void *q = own_alloc(n);
  if (p != NULL) {
    size_t before = ((struct own_block *)p - 1)->bytes;
    memcpy(q, p, before < n ? before : n);
    own_release(p);
  }
  return q;
}

EXPORTED void free(void *p) {
  if (is_own(p)) own_release(p);
}
#endif

/* ---- the allocator ---------------------------------------------------------------------------------------------- */

static struct {
  void *(*malloc)(size_t);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  void (*free)(void *);
  void *(*memalign)(size_t, size_t);
  void *(*valloc)(size_t);
  void *(*pvalloc)(size_t);
  int (*malloc_trim)(size_t);
  int (*mallopt)(int, int);
  int (*mallctl)(const char *, void *, size_t *, void *, size_t);  /* jemalloc */
  void (*mi_collect)(_Bool);                                       /* mimalloc */
  void (*release_free)(void);                                      /* tcmalloc */
} allocator;

static void find(void *place, const char *name, int required) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL && required) fail("the allocator lacks a function of malloc");
  memcpy(place, &found, sizeof found);
}

static void find_allocator(void) {
  find(&allocator.malloc, "malloc", 1);
  find(&allocator.calloc, "calloc", 1);
  find(&allocator.realloc, "realloc", 1);
  find(&allocator.free, "free", 1);
  find(&allocator.memalign, "memalign", 1);
  find(&allocator.valloc, "valloc", 0);
  find(&allocator.pvalloc, "pvalloc", 0);
  find(&allocator.malloc_trim, "malloc_trim", 0);
  find(&allocator.mallopt, "mallopt", 0);
  find(&allocator.mallctl, "mallctl", 0);
  find(&allocator.mi_collect, "mi_collect", 0);
  find(&allocator.release_free, "MallocExtension_ReleaseFreeMemory", 0);
}

/* Returns to the kernel what the allocator would return after a time. False: it has no function that is known for this. */
static int purge(void) {
  if (allocator.mallctl != NULL) {
    /* 4096 stands for all arenas. */
    return allocator.mallctl("arena.4096.purge", NULL, NULL, NULL, 0) == 0;
  }
  if (allocator.mi_collect != NULL) allocator.mi_collect(1);
  else if (allocator.release_free != NULL) allocator.release_free();
  else return 0;
  return 1;
}

static size_t page_bytes;

static void *aligned_to_page(size_t n, int whole_pages) {
  if (whole_pages && allocator.pvalloc != NULL) return allocator.pvalloc(n);
  if (!whole_pages && allocator.valloc != NULL) return allocator.valloc(n);
  return allocator.memalign(page_bytes, whole_pages ? (n + page_bytes - 1) / page_bytes * page_bytes : n);
}

/* ld.so goes on without a library that it cannot load, and a library may have no malloc. */
static void require_preloaded(const char *path) {
  Dl_info found;
  void *p;
  memcpy(&p, &allocator.malloc, sizeof p);
  if (*path != '\0' && (dladdr(p, &found) == 0 || strcmp(found.dli_fname, path) != 0))
    fail("the library cannot be loaded, or has no malloc");
}

/* ---- threads ---------------------------------------------------------------------------------------------------- */

struct thread {
  uintptr_t pointer; /* its thread pointer; 0: it does not run */
  pthread_t id;
  int state;
  char *stack; /* kept for the next thread with this number */
};
enum { STARTING, WAITING, LEAVING };

static struct thread *threads;
static struct thread ended; /* see `become_ended` */
static uintptr_t first_pointer; /* of the thread that makes all calls */

#if defined __x86_64__
static int writes_base; /* the kernel lets programs write the FS base */

static uintptr_t thread_pointer(void) {
  uintptr_t p;
  __asm__ volatile("mov %%fs:0, %0" : "=r"(p));
  return p;
}

/* arch_prctl directly: libc's wrapper writes errno, which is thread-local. */
static inline void become(uintptr_t p) {
  if (writes_base) {
    __asm__ volatile("wrfsbase %0" : : "r"(p) : "memory");
  } else {
    long result = SYS_arch_prctl;
    __asm__ volatile("syscall" : "+a"(result) : "D"(0x1002L), "S"(p) : "rcx", "r11", "memory");
  }
}

static void find_thread_pointer(void) { writes_base = (getauxval(AT_HWCAP2) & 2) != 0; }
#elif defined __aarch64__
static uintptr_t thread_pointer(void) {
  uintptr_t p;
  __asm__ volatile("mrs %0, tpidr_el0" : "=r"(p));
  return p;
}

static inline void become(uintptr_t p) { __asm__ volatile("msr tpidr_el0, %0" : : "r"(p) : "memory"); }

static void find_thread_pointer(void) {}
#endif

static void set_state(struct thread *t, int state) {
  __atomic_store_n(&t->state, state, __ATOMIC_RELEASE);
  syscall(SYS_futex, &t->state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void await_change(struct thread *t, int from) {
  while (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == from)
    syscall(SYS_futex, &t->state, FUTEX_WAIT_PRIVATE, from, NULL, NULL, 0);
}

static void *wait_for_exit(void *argument) {
  struct thread *t = argument;
  t->pointer = thread_pointer();
  set_state(t, WAITING);
  await_change(t, WAITING);
  return NULL;
}

static void *end_at_once(void *argument) {
  ended.pointer = thread_pointer();
  return argument;
}

static void create(struct thread *t, void *(*run)(void *)) {
  become(first_pointer);
  if (t->stack == NULL) t->stack = map_own(STACK_BYTES, 1);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, t->stack, STACK_BYTES);
  t->state = STARTING;
  if (pthread_create(&t->id, &attributes, run, t) != 0) fail("a thread cannot be created");
}

static void start(struct thread *t) {
  create(t, wait_for_exit);
  await_change(t, STARTING);
}

static void end(struct thread *t) {
  become(first_pointer);
  if (t->pointer == 0 || t->pointer == first_pointer) return;
  set_state(t, LEAVING);
  pthread_join(t->id, NULL);
  t->pointer = 0;
}

/* A free under the id of a thread that has exited: by then it has neither a cache nor an arena. Such a state is that of a
   thread which ended: its thread-local memory is on its stack, which stays. */
static void become_ended(void) {
  if (ended.stack == NULL) {
    keeps_own = 1;
    create(&ended, end_at_once);
    pthread_join(ended.id, NULL);
    keeps_own = 0;
  }
  become(ended.pointer);
}

/* ---- resident memory of the heaps ------------------------------------------------------------------------------- */

struct range { uintptr_t from, to; };

enum { MOST_KNOWN = 1024, READ_BYTES = 1 << 16 };

/* Private memory of the process before any library has run: not of heaps. Ascending. */
static struct range known[MOST_KNOWN];
static int known_count;
static int pagemap;

/* The bits of a page in /proc/self/pagemap: swapped, and present; and mapped here only, which the zero page is not. */
enum { SWAPPED = 1, PRESENT = 2 };
static const uint64_t EXCLUSIVE = (uint64_t)1 << 56;

static uint64_t resident_in(uintptr_t from, uintptr_t to) {
  static uint64_t entries[READ_BYTES / 8];
  uint64_t pages = 0;
  for (uintptr_t at = from; at < to;) {
    size_t want = (to - at) / page_bytes;
    if (want > READ_BYTES / 8) want = READ_BYTES / 8;
    if (pread(pagemap, entries, want * 8, (off_t)(at / page_bytes * 8)) != (ssize_t)(want * 8)) fail("no pagemap");
    for (size_t i = 0; i < want; i++) {
      uint64_t state = entries[i] >> 62;
      pages += (state & SWAPPED) || ((state & PRESENT) && (entries[i] & EXCLUSIVE));
    }
    at += want * page_bytes;
  }
  return pages * page_bytes;
}

static uint64_t resident_outside_known(uintptr_t from, uintptr_t to) {
  uint64_t bytes = 0;
  for (int i = 0; i < known_count && known[i].from < to; i++) {
    if (known[i].to <= from) continue;
    if (known[i].from > from) bytes += resident_in(from, known[i].from);
    from = known[i].to;
  }
  return from < to ? bytes + resident_in(from, to) : bytes;
}

static const char *hexadecimal(const char *text, uintptr_t *value) {
  for (*value = 0;; text++) {
    if (*text >= '0' && *text <= '9') *value = *value * 16 + (uintptr_t)(*text - '0');
    else if (*text >= 'a' && *text <= 'f') *value = *value * 16 + (uintptr_t)(*text - 'a' + 10);
    else return text;
  }
}

/* A line of /proc/self/maps: FROM-TO rwxp OFFSET DEVICE INODE PATH. True if it is private and of no file. */
static int is_private(const char *line, struct range *range, const char **path) {
  const char *at = hexadecimal(hexadecimal(line, &range->from) + 1, &range->to);
  *path = strpbrk(at, "/[");
  return at[2] == 'w' && at[4] == 'p';
}

static void each_private_mapping(void (*visit)(struct range, const char *path)) {
  static char text[READ_BYTES];
  int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("no /proc/self/maps");
  size_t length = 0;
  for (;;) {
    ssize_t got = read(fd, text + length, sizeof text - 1 - length);
    if (got < 0) fail("no /proc/self/maps");
    if (got == 0) break;
    length += (size_t)got;
    text[length] = '\0';
    char *line = text;
    for (char *end_of_line; (end_of_line = strchr(line, '\n')) != NULL; line = end_of_line + 1) {
      *end_of_line = '\0';
      struct range range;
      const char *path;
      if (is_private(line, &range, &path)) visit(range, path ? path : "");
    }
    length -= (size_t)(line - text);
    memmove(text, line, length);
  }
  close(fd);
}

/* Of a preloaded allocator its static data counts, too: the mapping of its file, and the anonymous one that follows. */
static const char *preloaded = "";
static uintptr_t preloaded_end;

static void add_known(struct range range, const char *path) {
  if (strcmp(path, "[heap]") == 0) return;
  if ((*path != '\0' && strcmp(path, preloaded) == 0) || (*path == '\0' && range.from == preloaded_end)) {
    preloaded_end = range.to;
    return;
  }
  if (known_count == MOST_KNOWN) fail("too many mappings");
  known[known_count++] = range;
}

static uint64_t heap_bytes;

static void add_heap(struct range range, const char *path) {
  if (strcmp(path, "[stack]") != 0) heap_bytes += resident_outside_known(range.from, range.to);
}

static uint64_t heap_rss(void) {
  heap_bytes = 0;
  each_private_mapping(add_heap);
  return heap_bytes;
}

/* A line of /proc/self/status in KiB, such as "VmHWM:	    1234 kB"; in bytes. */
static uint64_t status_bytes(const char *name) {
  static char text[READ_BYTES];
  int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (got < 0) fail("no /proc/self/status");
  close(fd);
  text[got] = '\0';
  const char *at = strstr(text, name);
  uint64_t kib = 0;
  for (at = at ? at + strlen(name) : ""; *at != '\0' && *at != '\n'; at++)
    if (*at >= '0' && *at <= '9') kib = kib * 10 + (uint64_t)(*at - '0');
  return kib * 1024;
}

static void begin_measuring(int argc, char **argv, char **environment) {
  (void)argc, (void)argv;
  for (; *environment != NULL; environment++)
    if (strncmp(*environment, "LD_PRELOAD=", 11) == 0) preloaded = *environment + 11;
  page_bytes = getauxval(AT_PAGESZ);
  pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap < 0) fail("no /proc/self/pagemap");
  each_private_mapping(add_known);
}

#if !defined __SANITIZE_ADDRESS__
/* ld.so calls this before the constructors of libraries, in which allocators may get memory. */
__attribute__((section(".preinit_array"), used)) static void (*const before_libraries)(int, char **, char **) = begin_measuring;
#endif

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t sampling_nanoseconds;

static uint64_t sample(uint64_t events) {
  uint64_t begin = now();
  uint64_t bytes = heap_rss();
  put("sample ");
  put_number(events);
  put_line("", bytes);
  sampling_nanoseconds += now() - begin;
  return bytes;
}

/* ---- operations ------------------------------------------------------------------------------------------------- */

/* as in src/native-replay/operations.ts; the first are as Action in src/trace/actions.ts */
enum {
  NONE, MALLOC, CALLOC, REALLOC, MEMALIGN, VALLOC, PVALLOC, FREE, MALLOC_TRIM, MALLOPT, FREE_AFTER_EXIT,
  THREAD, EXIT, ARGUMENT, WRITE, ABSENT, SBRK, SCHEDULED_TRIM
};
enum { BEGINS_EVENT = 1, WRITES_ALL = 2 };

struct operation { uint8_t kind, flags; uint16_t unused; uint32_t number; uint64_t size; };
struct head { char magic[8]; uint64_t events; uint32_t blocks, threads, first_thread_exits, unused; };
static const char MAGIC[8] = "mallogo1";

enum { OPERATIONS_READ = 1 << 15, MOST_MOMENTS = 1024 };

static struct {
  int fd;
  uint64_t samples, moments[MOST_MOMENTS];
  size_t moment_count;
  uint64_t schedule; /* 0: none */
  int trims;
} options = {.fd = -1};

static void **blocks;
static uint64_t failed;

/* One byte in each page makes it resident. */
static void write_bytes(char *block, uint64_t from, uint64_t to) {
  if (block == NULL || from >= to) return;
  char *last = block + to - 1;
  for (char *at = block + from; at <= last; at = (char *)(((uintptr_t)at | (page_bytes - 1)) + 1)) *(volatile char *)at = 1;
}

/* The program has not written these bytes after all. */
static void forget_bytes(char *block, uint64_t from, uint64_t to) {
  if (block == NULL) return;
  uintptr_t first = ((uintptr_t)block + from + page_bytes - 1) & -page_bytes;
  uintptr_t end_of_last = ((uintptr_t)block + to) & -page_bytes;
  if (first < end_of_last) madvise((void *)first, end_of_last - first, MADV_DONTNEED);
}

static void served(const struct operation *one, void *p) {
  blocks[one->number] = p;
  if (p == NULL) failed++;
  else if (one->flags & WRITES_ALL) write_bytes(p, 0, one->size);
}

static void reallocate(const struct operation *one) {
  void *before = blocks[one->number];
  void *p = allocator.realloc(before, one->size);
  if (p == NULL && before != NULL && one->size != 0) allocator.free(before);
  served(one, p);
}

static void release(uint32_t number) {
  allocator.free(blocks[number]);
  blocks[number] = NULL;
}

static void release_after_exit(uint32_t number, uintptr_t caller) {
  become_ended();
  release(number);
  become(caller);
}

/* The process's first thread is that of the log, unless that one exits. */
static uintptr_t pointer_of(uint32_t number, const struct head *head) {
  struct thread *t = &threads[number];
  if (t->pointer == 0) {
    if (number == 0 && !head->first_thread_exits) t->pointer = first_pointer;
    else start(t);
  }
  return t->pointer;
}

static uint64_t next_moment(const struct head *head, uint64_t events) {
  uint64_t next = UINT64_MAX;
  if (options.samples > 0) {
    uint64_t step = head->events / options.samples + 1;
    next = (events / step + 1) * step;
  }
  for (size_t i = 0; i < options.moment_count; i++)
    if (options.moments[i] > events && options.moments[i] < next) next = options.moments[i];
  return next;
}

static void run(const struct operation *one, size_t count, const struct head *head) {
  static uint64_t events, next, argument;
  static uintptr_t caller;
  if (events == 0) next = next_moment(head, 0);
  if (caller != 0) become(caller);
  for (const struct operation *last = one + count; one < last; one++) {
    if (one->flags & BEGINS_EVENT) {
      if (events == next) {
        become(first_pointer);
        sample(events);
        next = next_moment(head, events);
        become(caller);
      }
      events++;
    }
    switch (one->kind) {
      case NONE: break;
      case MALLOC: served(one, allocator.malloc(one->size)); break;
      case CALLOC: served(one, allocator.calloc(1, one->size)); break;
      case REALLOC: reallocate(one); break;
      case MEMALIGN: served(one, allocator.memalign(argument, one->size)); break;
      case VALLOC: served(one, aligned_to_page(one->size, 0)); break;
      case PVALLOC: served(one, aligned_to_page(one->size, 1)); break;
      case FREE: release(one->number); break;
      case FREE_AFTER_EXIT: release_after_exit(one->number, caller); break;
      case MALLOC_TRIM:
        if (allocator.malloc_trim != NULL) allocator.malloc_trim(one->size);
        break;
      case MALLOPT:
        if (allocator.mallopt != NULL) allocator.mallopt((int)argument, (int)one->size);
        break;
      case THREAD: caller = pointer_of(one->number, head); become(caller); break;
      case EXIT: end(&threads[one->number]); become(caller); break;
      case ARGUMENT: argument = one->size; break;
      case WRITE: write_bytes(blocks[one->number], argument, one->size); break;
      case ABSENT: forget_bytes(blocks[one->number], argument, one->size); break;
      case SBRK: sbrk((intptr_t)one->size); break;
      case SCHEDULED_TRIM:
        if (one->number == options.schedule && allocator.malloc_trim != NULL) allocator.malloc_trim(0);
        break;
      default: fail("an unknown operation");
    }
  }
  become(first_pointer);
}

static size_t read_whole(void *to, size_t bytes) {
  size_t length = 0;
  while (length < bytes) {
    ssize_t got = read(options.fd, (char *)to + length, bytes - length);
    if (got < 0) fail("the operations cannot be read");
    if (got == 0) break;
    length += (size_t)got;
  }
  return length;
}

/* ---- start ------------------------------------------------------------------------------------------------------ */

static uint64_t number(const char *text) {
  uint64_t n = 0;
  for (; *text >= '0' && *text <= '9'; text++) n = n * 10 + (uint64_t)(*text - '0');
  return n;
}

static void read_option(const char *text) {
  if (strncmp(text, "samples=", 8) == 0) options.samples = number(text + 8);
  else if (strncmp(text, "every=", 6) == 0) options.schedule = number(text + 6);
  else if (strcmp(text, "trim") == 0) options.trims = 1;
  else if (strcmp(text, "small-pages") == 0) prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  else if (strncmp(text, "at=", 3) == 0 && options.moment_count < MOST_MOMENTS)
    options.moments[options.moment_count++] = number(text + 3);
  else fail("an unknown option");
}

int main(int argc, char **argv) {
  find_allocator();
  require_preloaded(preloaded);
  if (argc == 2 && strcmp(argv[1], "version") == 0) {
    put(gnu_get_libc_version());
    put("\n");
    return 0;
  }
  if (argc < 2) fail("no file of operations");
  if (pagemap == 0) begin_measuring(argc, argv, environ);
  for (int i = 2; i < argc; i++) read_option(argv[i]);
  find_thread_pointer();
  first_pointer = thread_pointer();
  options.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
  struct head head;
  if (options.fd < 0 || read_whole(&head, sizeof head) != sizeof head || memcmp(head.magic, MAGIC, sizeof MAGIC) != 0)
    fail("no file of operations");
  struct operation *operations = map_own(OPERATIONS_READ * sizeof *operations, 1);
  blocks = map_own(((size_t)head.blocks + 1) * sizeof *blocks, 1);
  threads = map_own(((size_t)head.threads + 1) * sizeof *threads, 1);

  uint64_t begin = now();
  for (;;) {
    size_t bytes = read_whole(operations, OPERATIONS_READ * sizeof *operations);
    if (bytes == 0) break;
    run(operations, bytes / sizeof *operations, &head);
  }
  uint64_t nanoseconds = now() - begin - sampling_nanoseconds;
  uint64_t bytes = sample(head.events);
  if (options.trims && allocator.malloc_trim != NULL) {
    allocator.malloc_trim(0);
    bytes = heap_rss();
  }
  put_line("end", bytes);
  uint64_t others = status_bytes("VmRSS:") - bytes;
  uint64_t most = status_bytes("VmHWM:");
  put_line("highwater", most > others ? most - others : 0);
  if (purge()) {
    /* The purging function may itself need memory, which a purge by the clock does not. */
    uint64_t purged = heap_rss();
    put_line("purged", purged < bytes ? purged : bytes);
  }
  put_line("failed", failed);
  put_line("nanoseconds", nanoseconds);
  /* No destructors: threads of the log that have not exited still wait. */
  _exit(0);
}

/* With a start of its own the program does not need that of the glibc it was built with, which older ones lack. */
extern int __libc_start_main(int (*)(int, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
__asm__(".symver __libc_start_main, __libc_start_main@" OLDEST);

__attribute__((used, noreturn)) static void start_main(long *stack) {
  __libc_start_main((int (*)(int, char **))main, (int)stack[0], (char **)(stack + 1), NULL, NULL, NULL, stack);
  __builtin_unreachable();
}

#if defined __x86_64__
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start_main\n");
#elif defined __aarch64__
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tbl start_main\n");
#endif
