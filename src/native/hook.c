/*
 * mallog's hook: writes every malloc call of a process to a log that mallog reads.
 *
 *     cc -O2 -fPIC -shared -o mallog-hook.so hook.c
 *     LD_PRELOAD=$PWD/mallog-hook.so MALLOG_OUT=/logs/malloc.%p.log java -jar app.jar
 *
 * MALLOG_OUT=FILE            the log; %p is the process id. Without MALLOG_OUT nothing is recorded. Without %p only the first
 *                            process is: others find the file locked. A FIFO works, too.
 * MALLOG_START_AFTER=30s     records from then on; `signal`: once MALLOG_SIGNAL comes
 * MALLOG_STOP_AFTER=60s      records no longer than that, counted from the start of the recording
 * MALLOG_SIGNAL=USR1         name or number of a signal that switches recording on and off
 * MALLOG_SAMPLE=1s           how often resident memory is measured; 0: only at the end
 * MALLOG_HOLES=4096          smallest block whose unwritten pages are logged; 0: none
 * MALLOG_MAX=2G              largest size of a log
 * MALLOG_ORDER=free|exact    which calls wait for each other while they are recorded: those that the allocator lets wait for
 *                            each other (default, with glibc's malloc and from the start of a process only), or all
 * MALLOG_FULL=stop|block     when the disk is full or the log has that size: count the calls that are lost (default), or let
 *                            the program wait until there is room
 *
 * How it works
 *
 * Order. A call and its line are one step for all other calls whose result it may change: they hold locks in common, one for
 * each arena, one for blocks with their own mapping, and one for starts and ends of threads. Lines of calls that share no lock
 * may stand in either order, because neither call can tell. `exact` takes one lock for all calls.
 *
 * No effects on the heap. The hook never calls malloc. It needs no function of the C library at link time: it makes system
 * calls itself, and finds malloc and a few other functions in the symbol tables of the loaded objects. So there is nothing
 * to wait for before the first call (dlsym may allocate), and no symbol version ties the built file to one glibc: it loads
 * on every glibc from 2.17 on, whatever it was built on.
 *
 * Output. Lines go to a window of the log that is mapped into memory. What is in it survives the process, whatever ends it.
 * The bytes of a window are reserved before it is used, so a full disk is an error that the hook sees, not a SIGBUS. The
 * first byte of a line is stored after the others: at any moment the text is whole lines up to the first line that begins
 * with a NUL byte. At its end the process cuts the file there; a killed process leaves the NUL bytes, which mallog ignores.
 * A file that cannot be mapped or reserved (FIFO, some network file systems) is written from a buffer.
 *
 * Processes. All that a forked child must not share is in pages that the kernel clears in the child (MADV_WIPEONFORK; on
 * kernels before 4.14 a fork handler does). A child that finds it cleared begins a log of its own. A vfork child shares the
 * parent's memory until it executes or ends: its calls belong to the parent's log, under the parent's thread.
 *
 * Layers, in the order of this file: system calls; text; symbols of loaded objects; state; the log file; facts about the
 * machine and the process; blocks; locks; pages; samples; lines; threads; starting and ending; the calls.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if !defined __linux__ || !(defined __x86_64__ || defined __aarch64__)
#error "mallog's hook needs Linux on x86_64 or aarch64"
#endif

#define EXPORT __attribute__((visibility("default")))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define COLD __attribute__((noinline, cold))

typedef uintptr_t word;

enum {
  WINDOW_BYTES = 512 << 10,
  LINE_BYTES = 256,
  /* less than a window, whose first page may have lines of the one before */
  HOLE_LINE_BYTES = 480 << 10,
  /* at the end of a window, for the line that says what was lost */
  RESERVE_BYTES = 64,
  HIGH_FD = 900,
  NAME_BYTES = 16,
  PATH_BYTES = 4096,
  /* of membarrier */
  MEMBARRIER_ALL = 1,
  MEMBARRIER_ONE_PROCESS = 8,
  MEMBARRIER_REGISTER = 16,
  DESTRUCTOR_ROUNDS = 4, /* PTHREAD_DESTRUCTOR_ITERATIONS */
  /* of `is_inside`: the thread forks, with the call locks; without, as the only thread */
  FORKING = 2,
  FORKING_ALONE = 3,
  /* µs that threads wait for the end of one that has logged its exit and sleeps; of one that can run, on a busy machine */
  MOST_WAIT_ASLEEP = 20000,
  MOST_WAIT = 2000000,
  /* HEAP_MAX_SIZE of glibc's malloc */
  HEAP_BYTES = 64 << 20,
  /* looks at a lock that is taken before a thread sleeps */
  MOST_TURNS = 200,
  /* contention of a thread from which on it sleeps */
  MOST_CONTENTION = 60,
  CACHE_LINE = 64,
  /* µs that a line's time may be before its call */
  SAME_TIME = 100,
};

/* ---------------------------------------------------------------------------------------------------- system calls */

static inline long system_call(long number, long a, long b, long c, long d, long e, long f) {
#ifdef __x86_64__
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#else
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#endif
}

/* SYS(name, arguments…): returns the result, or a negative error number. errno is not touched. */
#define SYS(name, ...) SYS_(SYS_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_(n, a, b, c, d, e, f, ...) system_call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int failed(long result) {
  return result < 0 && result > -4096;
}

static void *map_memory(size_t bytes) {
  long at = SYS(mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return failed(at) ? NULL : (void *)at;
}

static inline __attribute__((always_inline)) void copy(void *to, const void *from, size_t bytes) {
  __builtin_memcpy(to, from, bytes);
}

static int open_file(const char *path, int flags, int mode) {
  return (int)SYS(openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

/* Moves a descriptor above those that programs use, because some close or replace all low ones. */
static int high_fd(int fd) {
  for (int least = HIGH_FD; fd >= 0 && least > 40; least /= 3) {
    long high = SYS(fcntl, fd, F_DUPFD_CLOEXEC, least);
    if (high >= 0) {
      SYS(close, fd);
      return (int)high;
    }
  }
  return fd;
}

/* A file that the hook keeps open, and what tells whether the descriptor still is that file. */
struct file {
  int fd;
  dev_t dev;
  ino_t ino;
};

static int identify(struct file *file, int fd) {
  struct stat st;
  if (fd < 0 || SYS(fstat, fd, &st) < 0) {
    file->fd = -1;
    return 0;
  }
  file->fd = fd;
  file->dev = st.st_dev;
  file->ino = st.st_ino;
  return 1;
}

static int is_open(const struct file *file) {
  struct stat st;
  return file->fd >= 0 && SYS(fstat, file->fd, &st) == 0 && st.st_dev == file->dev && st.st_ino == file->ino;
}

static void close_file(struct file *file) {
  if (is_open(file)) SYS(close, file->fd);
  file->fd = -1;
}

/* Reads a file whole or its beginning, and ends it with a NUL byte. Returns the bytes read; 0 if it cannot be read. */
static size_t read_file(const char *path, char *to, size_t bytes) {
  size_t n = 0;
  int fd = open_file(path, O_RDONLY, 0);
  to[0] = 0;
  if (fd < 0) return 0;
  while (n < bytes - 1) {
    long got = SYS(read, fd, to + n, bytes - 1 - n);
    if (got == -EINTR) continue;
    if (got <= 0) break;
    n += (size_t)got;
  }
  to[n] = 0;
  SYS(close, fd);
  return n;
}

/* ------------------------------------------------------------------------------------------------------------ text */

static size_t length(const char *s) {
  size_t n = 0;
  while (s[n]) n++;
  return n;
}

static int equal(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

/* Returns the rest of `s` behind `prefix`; NULL if `s` does not begin with it. */
static const char *after(const char *s, const char *prefix) {
  while (*prefix)
    if (*s++ != *prefix++) return NULL;
  return s;
}

static const char *find(const char *s, const char *what) {
  for (; *s; s++)
    if (after(s, what)) return s;
  return NULL;
}

static const char *base_name(const char *path) {
  const char *base = path;
  for (; *path; path++)
    if (*path == '/') base = path + 1;
  return base;
}

/* A text that the compiler knows takes a few stores. */
static inline __attribute__((always_inline)) char *text(char *o, const char *s) {
  size_t n = __builtin_constant_p(__builtin_strlen(s)) ? __builtin_strlen(s) : length(s);
  copy(o, s, n);
  return o + n;
}

/* Appends at most `most` bytes of `s` up to its first newline; other control characters become a question mark. */
static char *safe_text(char *o, const char *s, size_t most) {
  for (; *s && *s != '\n' && most > 0; s++, most--) *o++ = (unsigned char)*s < ' ' || *s == 127 ? '?' : *s;
  return o;
}

static const char DIGITS[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

static inline char *two_digits(char *o, unsigned value) {
  o[0] = DIGITS[2 * value];
  o[1] = DIGITS[2 * value + 1];
  return o + 2;
}

static inline char *decimal(char *o, word value) {
  char digits[20];
  int n = 20;
  while (value >= 100) {
    n -= 2;
    two_digits(digits + n, (unsigned)(value % 100));
    value /= 100;
  }
  if (value >= 10) {
    n -= 2;
    two_digits(digits + n, (unsigned)value);
  } else {
    digits[--n] = (char)('0' + value);
  }
  while (n < 20) *o++ = digits[n++];
  return o;
}

static char *signed_decimal(char *o, long value) {
  if (value < 0) *o++ = '-';
  return decimal(o, value < 0 ? -(word)value : (word)value);
}

/* Two hexadecimal digits for each value of a byte; filled at the start. */
static char hexadecimal_pairs[512];

static COLD void fill_pairs(void) {
  for (int i = 0; i < 512; i++) hexadecimal_pairs[i] = "0123456789abcdef"[i & 1 ? i / 2 & 15 : i / 2 >> 4];
}

/* `least`: the number of digits, with leading zeros where needed; even */
static inline char *hexadecimal(char *o, word value, int least) {
  int n = value == 0 ? 1 : (67 - __builtin_clzl(value)) / 4;
  if (n < least) n = least;
  char *end = o + n;
  if (n & 1) *o++ = hexadecimal_pairs[2 * (value >> 4 * (n - 1) & 15) + 1];
  for (char *at = end; at > o; value >>= 8) {
    at -= 2;
    copy(at, hexadecimal_pairs + 2 * (value & 255), 2);
  }
  return end;
}

static inline char *pointer(char *o, word value) {
  *o++ = '0';
  *o++ = 'x';
  return hexadecimal(o, value, 1);
}

static word read_decimal(const char *s) {
  word value = 0;
  while (*s == ' ' || *s == '\t') s++;
  while (*s >= '0' && *s <= '9') value = value * 10 + (word)(*s++ - '0');
  return value;
}

static word read_hexadecimal(const char **s) {
  word value = 0;
  for (;; (*s)++) {
    char c = **s;
    if (c >= '0' && c <= '9') value = value * 16 + (word)(c - '0');
    else if (c >= 'a' && c <= 'f') value = value * 16 + (word)(c - 'a' + 10);
    else return value;
  }
}

/* Digits with an optional fraction, in thousandths; `*s` moves behind them. */
static word read_thousandths(const char **s) {
  word value = 0;
  word place = 100;
  for (; **s >= '0' && **s <= '9'; (*s)++) value = value * 10 + (word)(**s - '0');
  value *= 1000;
  if (**s == '.')
    for ((*s)++; **s >= '0' && **s <= '9'; (*s)++, place /= 10) value += (word)(**s - '0') * place;
  return value;
}

/* `30s`, `500ms`, `2m`, `1h` or seconds, in µs */
static word read_duration(const char *s) {
  word thousandths = read_thousandths(&s);
  if (s[0] == 'm' && s[1] == 's') return thousandths;
  word seconds = *s == 'm' ? 60 : *s == 'h' ? 3600 : 1;
  return thousandths * 1000 * seconds;
}

/* `4096`, `64K`, `1.5GiB`, in bytes */
static word read_size(const char *s) {
  word thousandths = read_thousandths(&s);
  int shift = 0;
  switch (*s | 0x20) {
    case 'k': shift = 10; break;
    case 'm': shift = 20; break;
    case 'g': shift = 30; break;
    case 't': shift = 40; break;
  }
  return (thousandths / 1000 << shift) + ((thousandths % 1000) << shift) / 1000;
}

/* Moves behind digits with an optional fraction; NULL if `s` does not begin with one. */
static const char *behind_number(const char *s) {
  if (*s < '0' || *s > '9') return NULL;
  read_thousandths(&s);
  return s;
}

static int is_duration(const char *s) {
  const char *unit = behind_number(s);
  return unit != NULL && (*unit == 0 || equal(unit, "ms") || equal(unit, "s") || equal(unit, "m") || equal(unit, "h"));
}

static int is_size(const char *s) {
  const char *unit = behind_number(s);
  if (unit == NULL) return 0;
  char prefix = (char)(*unit | 0x20);
  if (prefix == 'k' || prefix == 'm' || prefix == 'g' || prefix == 't') unit++;
  return *unit == 0 || equal(unit, "B") || equal(unit, "iB");
}

/* ------------------------------------------------------------------------------------------ symbols of loaded objects */

extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

/* ld.so relocates these pointers in place, except in the kernel's own object (vdso). */
static const void *dynamic_pointer(const struct link_map *map, const ElfW(Dyn) *entry) {
  word at = entry->d_un.d_ptr;
  return (const void *)(at < map->l_addr ? at + map->l_addr : at);
}

/* The symbol `name` that `map` defines, found by its GNU hash table; NULL if there is none. */
static void *symbol_in(const struct link_map *map, const char *name) {
  const ElfW(Sym) *symbols = NULL;
  const char *strings = NULL;
  const uint32_t *hash = NULL;
  if (map->l_ld == NULL) return NULL;
  for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_SYMTAB) symbols = dynamic_pointer(map, entry);
    if (entry->d_tag == DT_STRTAB) strings = dynamic_pointer(map, entry);
    if (entry->d_tag == DT_GNU_HASH) hash = dynamic_pointer(map, entry);
  }
  if (symbols == NULL || strings == NULL || hash == NULL || hash[0] == 0) return NULL;
  uint32_t code = 5381;
  for (const char *s = name; *s; s++) code = code * 33 + (unsigned char)*s;
  const uint32_t *buckets = hash + 4 + hash[2] * 2;
  const uint32_t *chains = buckets + hash[0];
  uint32_t at = buckets[code % hash[0]];
  if (at < hash[1]) return NULL;
  for (;; at++) {
    uint32_t found = chains[at - hash[1]];
    const ElfW(Sym) *symbol = &symbols[at];
    unsigned type = symbol->st_info & 15;
    if ((found | 1) == (code | 1) && symbol->st_shndx != SHN_UNDEF && (type == STT_FUNC || type == STT_OBJECT) &&
        equal(strings + symbol->st_name, name))
      return (void *)(map->l_addr + symbol->st_value);
    if (found & 1) return NULL;
  }
}

static const struct link_map *own_map(void) {
  const struct link_map *map = _r_debug.r_map;
  while (map != NULL && map->l_ld != _DYNAMIC) map = map->l_next;
  return map;
}

static void *first_symbol(const struct link_map *map, const struct link_map *end, const char *name, const struct link_map **in) {
  for (; map != end; map = map->l_next) {
    void *symbol = symbol_in(map, name);
    if (symbol != NULL) {
      if (in != NULL) *in = map;
      return symbol;
    }
  }
  return NULL;
}

/* As dlsym(RTLD_NEXT, name): the first definition behind the hook, or else the first of all. `in`: where it is. */
static void *next_symbol(const char *name, const struct link_map **in) {
  const struct link_map *own = own_map();
  void *symbol = own == NULL ? NULL : first_symbol(own->l_next, NULL, name, in);
  return symbol != NULL ? symbol : first_symbol(_r_debug.r_map, own, name, in);
}

static struct {
  void *(*malloc)(size_t);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  void *(*memalign)(size_t, size_t);
  void *(*aligned_alloc)(size_t, size_t);
  int (*posix_memalign)(void **, size_t, size_t);
  void *(*valloc)(size_t);
  void *(*pvalloc)(size_t);
  void (*free)(void *);
  int (*malloc_trim)(size_t);
  int (*mallopt)(int, int);
  size_t (*usable)(void *);
  int (*clock_gettime)(clockid_t, struct timespec *);
  int (*setname)(pthread_t, const char *);
} real;

/* malloc is glibc's own: chunks have its headers. */
static int is_glibc;
static const char *allocator_path = "";

static COLD void resolve(void) {
  const struct link_map *map = NULL;
  real.malloc = next_symbol("malloc", &map);
  real.calloc = next_symbol("calloc", NULL);
  real.realloc = next_symbol("realloc", NULL);
  real.memalign = next_symbol("memalign", NULL);
  real.aligned_alloc = next_symbol("aligned_alloc", NULL);
  real.posix_memalign = next_symbol("posix_memalign", NULL);
  real.valloc = next_symbol("valloc", NULL);
  real.pvalloc = next_symbol("pvalloc", NULL);
  real.free = next_symbol("free", NULL);
  real.malloc_trim = next_symbol("malloc_trim", NULL);
  real.mallopt = next_symbol("mallopt", NULL);
  real.usable = next_symbol("malloc_usable_size", NULL);
  real.clock_gettime = next_symbol("clock_gettime", NULL);
  real.setname = next_symbol("pthread_setname_np", NULL);
  if (map != NULL) {
    const char *name = base_name(map->l_name);
    allocator_path = map->l_name;
    is_glibc = (equal(name, "libc.so.6") || after(name, "libc-2.")) && next_symbol("gnu_get_libc_version", NULL) != NULL;
  }
}

/* ----------------------------------------------------------------------------------------------------------- state */

enum { NEW, OFF, WAITING, RECORDING, ENDED };

/* A call lock. In a cache line of its own, so that threads of different arenas do not slow each other down. */
struct call_lock {
  /* the thread that holds it; 0: free; negative: a thread that has logged its exit holds it until it has ended */
  int owner;
  /* when it logged its exit, in µs */
  word leaving_since;
} __attribute__((aligned(CACHE_LINE)));

/* The call locks, by number. */
enum {
  /* the main arena; `exact`: everything */
  MAIN_ARENA = 0,
  FIRST_ARENA = 1,
  /* more arenas share locks */
  ARENA_LOCKS = 61,
  MAPPED_BLOCKS = 62,
  /* starts and ends of threads, which change what arena the next thread gets */
  ROSTER = 63,
  CALL_LOCKS = 64,
};

/* Of a thread: no block has shown which arena it has, if any. */
enum { UNKNOWN_ARENA = 255 };

#define ALL_LOCKS (~(word)0)
#define LOCK(number) ((word)1 << (number))

struct self;

/* What a forked child must not share with its parent; the kernel clears it there. */
struct process {
  int state;
  int pid;
  /* MALLOG_SIGNAL has come */
  int is_switched;
  /* 1: a second thread makes its first call, and the main thread begins no more calls without locks; 2: it has ended the last one */
  int has_threads;
  struct self *main_thread;
  /* the largest mapped chunk that was freed, which sets M_MMAP_THRESHOLD and M_TRIM_THRESHOLD */
  word largest_unmapped;
  /* What each line needs, in one cache line. The thread that holds the log's lock; 0: free */
  int lock __attribute__((aligned(CACHE_LINE)));
  /* the window is being changed: a call of a signal handler cannot write */
  int is_moving;
  /* a line is being copied to the window, which a signal handler must not replace */
  int is_copying;
  /* there is no room */
  int is_full;
  char *window;
  /* where the next line goes, in the window */
  word at;
  /* bytes of the window that lines may use */
  word limit;
  /* µs, of the last line: times never fall */
  word last_time;
  /* calls that are not in the log and not yet stated there */
  word lost;
  /* bytes of the window from which on the next one is prepared; the largest word once that was tried */
  word prepare_at;
  struct call_lock calls[CALL_LOCKS];
  /* 1: a thread makes and maps windows. It waits for no other lock meanwhile. */
  int window_lock;
  /* The window that follows, mapped ahead by one thread while the others write; NULL: none */
  char *next_window;
  /* where it begins in the file */
  word next_base;
  /* the window before, which that thread unmaps; NULL: none */
  char *old_window;
};

static struct process before_start;
static struct process *process = &before_start;

/* Counts the processes that this memory was copied through; a thread's `self` of another number is its parent's. */
static unsigned epoch = 1;

static struct {
  char out[PATH_BYTES];
  int is_per_process;
  int starts_by_signal;
  word start_after;
  word stop_after;
  int signal;
  word sample_every;
  word min_hole;
  /* smallest chunk that is noted, in bytes */
  word smallest_noted;
  word max_bytes;
  int blocks_when_full;
  /* also where caches may hold blocks from before the recording: of which arenas is not known */
  int is_exact;
} config;

/* All that is kept for a thread. A new thread's is zero, so its first call is known. */
struct self {
  unsigned epoch;
  int tid;
  unsigned renames;
  unsigned char destructor_rounds;
  /* the thread is inside a call, or changes the hook's state: what its signal handlers call is nested */
  unsigned char is_inside;
  /* the number of its arena's lock, or UNKNOWN_ARENA */
  unsigned char arena;
  /* grows with each line for which the log's lock was taken, and falls with each other */
  unsigned char contention;
  /* the locks of arenas that it has given blocks to: its cache may hold some, and return them at its end */
  word given;
  /* while its arena is unknown: the sizes of chunks that it has freed, by bit; its cache may hold some of other arenas */
  word freed_sizes;
  /* the second of its latest line, and its text to the point */
  word second;
  char clock[9];
  char name[NAME_BYTES];
  /* a free has shown that it has a cache: before, its next free may allocate one in its arena */
  unsigned char has_cache;
  /* it has begun a call */
  unsigned char has_called;
};

static __thread struct self self __attribute__((tls_model("initial-exec")));

/* This process is a forked child that has not executed a program. */
static int is_forked;

/* How often a thread may have been renamed by another one. */
static unsigned renames = 1;

static word page_bytes = 4096;
static struct timespec time_zero;
static char scratch[64 << 10];

/* µs since the start of the recording */
static inline word now(void) {
  struct timespec t;
  if (real.clock_gettime != NULL) real.clock_gettime(CLOCK_MONOTONIC, &t);
  else SYS(clock_gettime, CLOCK_MONOTONIC, &t);
  return (word)((t.tv_sec - time_zero.tv_sec) * 1000000 + (t.tv_nsec - time_zero.tv_nsec) / 1000);
}

static inline void pause_processor(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __asm__ volatile("yield");
#endif
}

static void sleep_briefly(long nanoseconds) {
  struct timespec pause = {0, nanoseconds};
  SYS(nanosleep, &pause, 0);
}

static inline int try_lock(int *lock, int tid) {
  int none = 0;
  return __atomic_compare_exchange_n(lock, &none, tid, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * Locks are held for less than a microsecond. Threads that sleep until they are woken would make each call of a contended
 * program wait for a switch of threads: a thread that finds a lock taken looks at it for a few microseconds, and sleeps briefly
 * then, while others make many calls in a row.
 */
static void wait_a_turn(int turns) {
  if (turns < MOST_TURNS) pause_processor();
  else sleep_briefly(200000);
}

/* True if the thread waits for nothing but a processor or the disk. */
static COLD int can_run(int tid) {
  char path[64];
  char stat[256];
  char *o = text(path, "/proc/self/task/");
  o = decimal(o, (word)tid);
  *text(o, "/stat") = 0;
  size_t n = read_file(path, stat, sizeof stat);
  /* The state follows the name, which may have brackets. */
  while (n > 0 && stat[n - 1] != ')') n--;
  return n > 0 && (stat[n + 1] == 'R' || stat[n + 1] == 'D');
}

/*
 * A thread that has logged its exit still has to give its cache back to the arenas, which it does without a call. It keeps
 * its locks until the kernel no longer knows it: so all this happens at its line. Others do not wait forever, because the
 * thread may itself wait for one of them. Returns 1 once the lock is the caller's.
 */
static COLD int take_from_leaving(struct call_lock *lock, int owner, int turns, int tid) {
  word waited = now() - lock->leaving_since;
  if (SYS(tgkill, process->pid, -owner, 0) == -ESRCH || waited > MOST_WAIT || (waited > MOST_WAIT_ASLEEP && !can_run(-owner)))
    return __atomic_compare_exchange_n(&lock->owner, &owner, tid, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
  if (turns < 100) SYS(sched_yield);
  else sleep_briefly(waited > MOST_WAIT_ASLEEP ? 1000000 : 20000);
  return 0;
}

static COLD void wait_for_call_lock(struct call_lock *lock, int tid) {
  for (int turns = 0;; turns++) {
    int owner = __atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE);
    if (owner < 0) {
      if (take_from_leaving(lock, owner, turns, tid)) return;
    } else if (owner != 0) {
      wait_a_turn(turns);
    } else if (try_lock(&lock->owner, tid)) {
      return;
    }
  }
}

/* Takes call locks, by rising number. Who holds the log's lock takes none. */
static inline void take_call_locks(word locks, int tid) {
  for (; locks != 0; locks &= locks - 1) {
    struct call_lock *lock = &process->calls[__builtin_ctzl(locks)];
    if (UNLIKELY(!try_lock(&lock->owner, tid))) wait_for_call_lock(lock, tid);
  }
}

static inline void give_call_locks(word locks) {
  for (; locks != 0; locks &= locks - 1)
    __atomic_store_n(&process->calls[__builtin_ctzl(locks)].owner, 0, __ATOMIC_RELEASE);
}

/*
 * Two processors that write lines in turn take longer than one that writes all of them, because each line moves between their
 * caches. So a thread that finds the lock taken at more than a tenth of its lines sleeps between two calls, while others make
 * many in a row.
 */
static COLD void wait_for_lock(int tid) {
  if (self.contention <= MOST_CONTENTION) self.contention += 10;
  for (int turns = 0;; turns++) {
    if (__atomic_load_n(&process->lock, __ATOMIC_RELAXED) != 0) wait_a_turn(turns);
    else if (try_lock(&process->lock, tid)) return;
  }
}

/*
 * The log's lock protects the log and all that the hook notes. Its word is its owner: at any moment a signal handler can tell
 * whether its thread holds the lock, and that it must not wait for itself.
 */
static inline int holds_lock(int tid) {
  return __atomic_load_n(&process->lock, __ATOMIC_RELAXED) == tid;
}

static inline void take_lock(int tid) {
  if (UNLIKELY(!try_lock(&process->lock, tid))) wait_for_lock(tid);
  else if (UNLIKELY(self.contention != 0)) self.contention--;
}

static inline void give_lock(void) {
  __atomic_store_n(&process->lock, 0, __ATOMIC_RELEASE);
}

/* A signal handler sees the change before what follows, and after what was before. */
static inline void set_inside(int is_inside) {
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  *(volatile unsigned char *)&self.is_inside = (unsigned char)is_inside;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/*
 * The first call of a second thread: waits until the main thread is in no call without locks, unless that waits itself. Calls
 * need no fence for this, because the kernel makes one in each thread.
 */
static COLD void begin_threads(void) {
  __atomic_store_n(&process->has_threads, 1, __ATOMIC_SEQ_CST);
  if (SYS(membarrier, MEMBARRIER_ONE_PROCESS, 0, 0) < 0) SYS(membarrier, MEMBARRIER_ALL, 0, 0);
  for (int turns = 0; turns < 10 * MOST_TURNS && process->has_threads == 1; turns++) {
    const struct self *other = __atomic_load_n(&process->main_thread, __ATOMIC_ACQUIRE);
    if (other == NULL || !*(const volatile unsigned char *)&other->is_inside) break;
    wait_a_turn(turns);
  }
  process->has_threads = 2;
}

/* This thread's first call in this process */
static COLD void meet_self(void) {
  self.tid = (int)SYS(gettid);
  self.renames = 0;
  self.destructor_rounds = 0;
  self.is_inside = 0;
  self.arena = UNKNOWN_ARENA;
  self.has_cache = 0;
  self.has_called = 0;
  self.given = 0;
  self.freed_sizes = 0;
  self.contention = 0;
  self.second = (word)-1;
  self.name[0] = 0;
  if (self.tid == process->pid) process->main_thread = &self;
  else if (process->has_threads < 2) begin_threads();
  /* Last: a signal handler that finds the number must find the rest. */
  __atomic_store_n(&self.epoch, epoch, __ATOMIC_RELEASE);
}

/* Waits until all calls have their lines, and lets none begin. Returns 0 if the thread is inside a call itself. */
static COLD int stop_calls(void) {
  if (self.epoch != epoch) meet_self();
  if (self.is_inside) return 0;
  set_inside(1);
  take_call_locks(ALL_LOCKS, self.tid);
  take_lock(self.tid);
  return 1;
}

static void let_calls_go_on(void) {
  give_lock();
  give_call_locks(ALL_LOCKS);
  set_inside(0);
}

/* ------------------------------------------------------------------------------------------------------ the log file */

static struct {
  struct file file;
  char path[PATH_BYTES];
  /* the window is mapped from the file; else it is a buffer */
  int is_mapped;
  /* the window, known to a forked child, too */
  char *memory;
  /* where the window begins in the file */
  word base;
  /* how far windows of the file have been made */
  word made;
  /* where the number of lost calls is counted up while there is no room */
  char *loss;
  word lost_here;
  /* the next lost call after which to look for room */
  word retry_at;
} out;

static int reopen_log(void) {
  struct file found;
  if (is_open(&out.file)) return 1;
  int fd = high_fd(open_file(out.path, O_RDWR, 0));
  if (!identify(&found, fd)) return 0;
  if (found.dev != out.file.dev || found.ino != out.file.ino) {
    SYS(close, fd);
    return 0;
  }
  out.file.fd = fd;
  return 1;
}

/* Writes the buffer. A signal for a reader that is gone must not reach the program. */
static void flush_buffer(void) {
  word done = 0;
  uint64_t pipe_signal = 1ull << (SIGPIPE - 1);
  uint64_t mask = 0;
  if (!is_open(&out.file)) {
    process->lost++;
    out.base += process->at;
    process->at = 0;
    return;
  }
  SYS(rt_sigprocmask, SIG_BLOCK, &pipe_signal, &mask, 8);
  while (done < process->at) {
    long wrote = SYS(write, out.file.fd, process->window + done, process->at - done);
    if (wrote > 0) {
      done += (word)wrote;
    } else if (wrote == -EAGAIN) {
      struct pollfd ready = {.fd = out.file.fd, .events = POLLOUT};
      SYS(ppoll, &ready, 1, 0, 0, 0);
    } else if (wrote == -ENOSPC && config.blocks_when_full) {
      struct timespec pause = {0, 100000000};
      SYS(nanosleep, &pause, 0);
    } else if (wrote != -EINTR) {
      struct timespec none = {0, 0};
      if (wrote == -EPIPE && !(mask & pipe_signal)) SYS(rt_sigtimedwait, &pipe_signal, 0, &none, 8);
      /* Nobody reads, or there is no room: what follows would have a gap that nobody knows of. */
      process->state = ENDED;
      break;
    }
  }
  SYS(rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
  out.base += process->at;
  process->at = 0;
}

/*
 * Maps a window of the file. Returns its address, or a negative error number. Its pages are made by one write of zeros: a file
 * system that keeps files in large folios then maps hundreds of pages at the first access, and not each at its own. The first
 * window, of which many processes use little, has none of that. The window lock is held: zeros that are written when lines are
 * would replace them.
 */
static long map_part(word base) {
  /* never written: no pages of memory */
  static const char *zeros;
  word end = base + WINDOW_BYTES;
  struct stat st;
  /* Removed: nobody could read it, and it would take room unseen. */
  if (SYS(fstat, out.file.fd, &st) == 0 && st.st_nlink == 0) return -ENOENT;
  if (config.max_bytes != 0 && end > config.max_bytes) return -EFBIG;
  long result = SYS(fallocate, out.file.fd, 0, base, WINDOW_BYTES);
  if (result < 0) return result;
  word made = out.made > base ? out.made : base;
  if (zeros == NULL) zeros = map_memory(WINDOW_BYTES);
  if (base > 0 && made < end && zeros != NULL) SYS(pwrite64, out.file.fd, zeros, end - made, made);
  if (out.made < end) out.made = end;
  return SYS(mmap, 0, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, out.file.fd, base);
}

/* Unmaps a window that is no longer used. */
static void unmap_window(char **window) {
  if (*window != NULL) SYS(munmap, *window, WINDOW_BYTES);
  *window = NULL;
}

static void take_window_lock(void) {
  for (int turns = 0; !try_lock(&process->window_lock, 1); turns++) wait_a_turn(turns);
}

static void give_window_lock(void) {
  __atomic_store_n(&process->window_lock, 0, __ATOMIC_RELEASE);
}

/* Half of the window is used: prepares the next one, so that no other thread waits while it is mapped and its pages are made. */
static COLD void prepare_window(void) {
  uint64_t all = ~(uint64_t)0;
  uint64_t mask = 0;
  /* A signal handler's line may need the window, and must not wait for its own thread. */
  SYS(rt_sigprocmask, SIG_BLOCK, &all, &mask, 8);
  if (try_lock(&process->window_lock, 1)) {
    unmap_window(&process->old_window);
    if (process->prepare_at != (word)-1 && process->next_window == NULL && reopen_log()) {
      /* Where a window ends whose last line is short */
      word base = out.base + WINDOW_BYTES - page_bytes;
      long next = map_part(base);
      if (!failed(next)) {
        SYS(madvise, next, WINDOW_BYTES, MADV_POPULATE_WRITE);
        process->next_base = base;
        process->next_window = (char *)next;
      }
    }
    process->prepare_at = (word)-1;
    give_window_lock();
  }
  SYS(rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
}

/* Goes on to the window that is prepared for the next line, or maps one. Returns 0, or a negative error number. */
static long move_window(void) {
  word end = out.base + process->at;
  word base = end - end % page_bytes;
  if (process->next_window != NULL && process->next_base != base) unmap_window(&process->next_window);
  char *window = process->next_window;
  if (window == NULL) {
    if (!reopen_log()) return -EBADF;
    long result = map_part(base);
    if (failed(result)) return result;
    window = (char *)result;
  }
  process->next_window = NULL;
  unmap_window(&process->old_window);
  process->old_window = process->window;
  process->window = out.memory = window;
  out.base = base;
  process->at = end - base;
  process->limit = WINDOW_BYTES - RESERVE_BYTES;
  process->prepare_at = WINDOW_BYTES / 2;
  return 0;
}

/* The same where another thread may be preparing a window. */
static long map_window(void) {
  take_window_lock();
  long result = move_window();
  give_window_lock();
  return result;
}

static void state_loss(void) {
  char *o = out.loss;
  word value = out.lost_here;
  for (int i = 9; i >= 0; i--) {
    o[i] = (char)('0' + value % 10);
    value /= 10;
  }
}

/* There is no room for the next line: says so in the window's reserve, where the count can grow. */
static void begin_loss(void) {
  char *line = process->window + process->at;
  char *o = text(line + 1, " lost ");
  out.loss = o;
  out.lost_here = 0;
  out.retry_at = 1024;
  state_loss();
  o += 10;
  *o++ = '\n';
  __atomic_store_n(line, '#', __ATOMIC_RELEASE);
  process->at = (word)(o - process->window);
  process->is_full = 1;
}

/* Makes room for `bytes`. Returns 0 if there is none. */
static COLD int make_room(word bytes) {
  int has_room = 1;
  if (process->is_copying) return 0;
  process->is_moving = 1;
  if (!out.is_mapped) {
    flush_buffer();
  } else if (!process->is_full || out.lost_here >= out.retry_at) {
    long result = map_window();
    while (result < 0 && result != -ENOENT && config.blocks_when_full) {
      struct timespec pause = {0, 100000000};
      SYS(nanosleep, &pause, 0);
      result = map_window();
    }
    if (result == 0) {
      process->is_full = 0;
    } else {
      has_room = 0;
      if (result == -ENOENT) process->state = ENDED;
      else if (!process->is_full) begin_loss();
      else out.retry_at += 1 << 16;
    }
  } else {
    has_room = 0;
  }
  process->is_moving = 0;
  return has_room && process->at + bytes <= process->limit && process->state == RECORDING;
}

/* Stores the first byte and then the newline last: the window's text up to its first NUL byte at the start of a line is whole
   lines, and at most one without its newline. */
static inline void put_line(const char *line, word bytes) {
  int was_copying = process->is_copying;
  __atomic_store_n(&process->is_copying, 1, __ATOMIC_RELAXED);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  char *to = process->window + __atomic_fetch_add(&process->at, bytes, __ATOMIC_RELAXED);
  copy(to + 1, line + 1, bytes - 2);
  /* Order in this thread is enough: what else reads the memory is the kernel, after the process has ended. */
  __atomic_store_n(to, line[0], __ATOMIC_RELEASE);
  __atomic_store_n(to + bytes - 1, line[bytes - 1], __ATOMIC_RELEASE);
  __atomic_store_n(&process->is_copying, was_copying, __ATOMIC_RELEASE);
}

/* Counts a call that is not in the log. */
static void lose(void) {
  if (process->is_full) {
    out.lost_here++;
    state_loss();
  } else {
    process->lost++;
  }
}

static COLD void state_lost_calls(void) {
  char line[48];
  char *o = text(line, "# lost ");
  o = decimal(o, process->lost);
  *o++ = '\n';
  process->lost = 0;
  put_line(line, (word)(o - line));
}

/* Appends a line that ends in a newline. Only the thread that holds the lock calls this, or its signal handler. */
static inline int write_line(const char *line, word bytes) {
  if (UNLIKELY(process->is_moving)) return 0;
  if (UNLIKELY(process->is_full || process->at + bytes + 48 > process->limit) && !make_room(bytes + 48)) return 0;
  if (UNLIKELY(process->lost != 0)) state_lost_calls();
  put_line(line, bytes);
  return 1;
}

/* Ends a line of a comment and appends it. */
static void comment(const char *line, char *end) {
  *end++ = '\n';
  write_line(line, (word)(end - line));
}

static int is_regular(const char *path) {
  struct stat st;
  return SYS(newfstatat, AT_FDCWD, path, &st, 0) < 0 || S_ISREG(st.st_mode);
}

/* The path with the process id for %p, and `-again` behind it: a process that executes another program keeps its id. */
static void expand_path(char *o, unsigned again) {
  for (const char *s = config.out; *s; s++) {
    if (s[0] == '%' && s[1] == 'p') {
      o = decimal(o, (word)process->pid);
      if (again > 0) {
        *o++ = '-';
        o = decimal(o, again);
      }
      s++;
    } else {
      *o++ = *s;
    }
  }
  *o = 0;
}

/* Opens the log. Returns 0, or a negative error number; −EWOULDBLOCK: another process writes it. */
static long open_log(void) {
  long fd = -EEXIST;
  process->window = process->next_window = process->old_window = NULL;
  out.memory = NULL;
  out.base = out.made = process->at = process->limit = 0;
  process->is_full = 0;
  for (unsigned again = 0; fd == -EEXIST && again < 1000; again++) {
    expand_path(out.path, again);
    out.is_mapped = is_regular(out.path);
    if (!out.is_mapped) fd = open_file(out.path, O_WRONLY, 0);
    else fd = open_file(out.path, O_RDWR | O_CREAT | (config.is_per_process ? O_EXCL : 0), 0666);
  }
  if (fd < 0) return fd;
  if (SYS(flock, fd, LOCK_EX | LOCK_NB) == -EWOULDBLOCK) {
    SYS(close, fd);
    return -EWOULDBLOCK;
  }
  if (out.is_mapped) SYS(ftruncate, fd, 0);
  identify(&out.file, high_fd((int)fd));
  if (out.is_mapped) {
    long result = map_window();
    if (result == 0) return 0;
    if (result == -ENOSPC || result == -EDQUOT || result == -EFBIG) return result;
    out.is_mapped = 0;
  }
  process->window = out.memory = map_memory(WINDOW_BYTES);
  process->limit = WINDOW_BYTES - RESERVE_BYTES;
  process->prepare_at = (word)-1;
  return process->window == NULL ? -ENOMEM : 0;
}

static void close_log(void) {
  /* A thread that ends may be preparing a window. */
  take_window_lock();
  process->prepare_at = (word)-1;
  if (!out.is_mapped) flush_buffer();
  else if (reopen_log()) SYS(ftruncate, out.file.fd, out.base + process->at);
  unmap_window(&process->next_window);
  unmap_window(&process->old_window);
  close_file(&out.file);
  give_window_lock();
}

/* How far the parent's log was when this process was forked, and by which thread; a child has these as its parent left them. */
static struct {
  /* 0: unknown */
  word bytes;
  int tid;
  /* the name of the parent's log, without its folder */
  char name[256];
} fork_point;

/* A forked child leaves its parent's log. */
static void leave_log(void) {
  const char *name = base_name(out.path);
  if (fork_point.tid != self.tid || length(name) >= sizeof fork_point.name) fork_point.bytes = 0;
  else *text(fork_point.name, name) = 0;
  if (out.memory != NULL) SYS(munmap, out.memory, WINDOW_BYTES);
  out.memory = NULL;
  close_file(&out.file);
}

/* ---------------------------------------------------------------------------------- facts about machine and process */

/* The process's environment as glibc read it at the start: settings separated by NUL bytes. */
static char *environment;
static size_t environment_bytes;
static word initial_break;
static word heap_start;
static char header[PATH_BYTES + 256];

static COLD void read_environment(void) {
  size_t most = 4 << 20;
  environment = map_memory(most);
  if (environment == NULL) return;
  environment_bytes = read_file("/proc/self/environ", environment, most);
  if (environment_bytes > 0) return;
  char ***variables = next_symbol("environ", NULL);
  char *o = environment;
  if (variables == NULL || *variables == NULL) return;
  for (char **v = *variables; *v && length(*v) + 1 < most - (size_t)(o - environment); v++) o = text(o, *v) + 1;
  environment_bytes = (size_t)(o - environment);
}

static const char *next_variable(const char *variable) {
  const char *next = variable == NULL ? environment : variable + length(variable) + 1;
  return next == NULL || next >= environment + environment_bytes ? NULL : next;
}

static int signal_number(const char *name) {
  static const struct {
    const char *name;
    int number;
  } names[] = {{"HUP", SIGHUP},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"ALRM", SIGALRM}, {"CONT", SIGCONT},
               {"PROF", SIGPROF}, {"URG", SIGURG},   {"IO", SIGIO},     {"WINCH", SIGWINCH}};
  const char *short_name = after(name, "SIG");
  if (short_name == NULL) short_name = name;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (equal(short_name, names[i].name)) return names[i].number;
  /* glibc keeps the first two for itself. */
  const char *rest = after(short_name, "RTMIN");
  if (rest != NULL) return 34 + (*rest == '+' ? (int)read_decimal(rest + 1) : 0);
  int number = (int)read_decimal(name);
  return number < 65 ? number : 0;
}

/* The number of CPUs in a list such as 0-3,8 */
static word count_list(const char *s) {
  word count = 0;
  while (*s >= '0' && *s <= '9') {
    word first = read_decimal(s);
    word last = first;
    while (*s >= '0' && *s <= '9') s++;
    if (*s == '-') {
      last = read_decimal(++s);
      while (*s >= '0' && *s <= '9') s++;
    }
    count += last - first + 1;
    if (*s == ',') s++;
  }
  return count;
}

/* A setting whose value is wrong, and what to give instead; NULL: there is none. */
static struct {
  const char *setting;
  const char *hint;
} ignored;

static int ignore(const char *setting, const char *hint) {
  ignored.setting = setting;
  ignored.hint = hint;
  return 0;
}

/* Takes one of two words. Returns whether it is the second. */
static int second_of(const char *setting, const char *value, const char *first, const char *second, const char *hint) {
  if (!equal(value, first) && !equal(value, second)) return ignore(setting, hint);
  return equal(value, second);
}

/* Programs change their folder, and the log may have to be opened again, or a forked child's begins. */
static void make_path_absolute(void) {
  static char path[PATH_BYTES];
  if (config.out[0] == 0 || config.out[0] == '/') return;
  long n = SYS(getcwd, path, sizeof path);
  size_t bytes = length(config.out) + 1;
  /* The folder may be out of the process's reach. */
  if (n <= 1 || path[0] != '/' || (size_t)n + bytes > PATH_BYTES - 64) return;
  char *o = path + n - 1;
  if (n > 2) *o++ = '/';
  copy(o, config.out, bytes);
  copy(config.out, path, (size_t)(o - path) + bytes);
}

/* Takes what the variable `v` says. */
static void read_setting(const char *v) {
  const char *value;
  if ((value = after(v, "MALLOG_OUT=")) && length(value) < PATH_BYTES - 64) {
    text(config.out, value)[0] = 0;
    config.is_per_process = find(value, "%p") != NULL;
  } else if ((value = after(v, "MALLOG_START_AFTER="))) {
    config.starts_by_signal = equal(value, "signal");
    if (config.starts_by_signal || is_duration(value)) config.start_after = read_duration(value);
    else ignore(v, "give a time like 30s, or signal");
  } else if ((value = after(v, "MALLOG_STOP_AFTER="))) {
    if (is_duration(value)) config.stop_after = read_duration(value);
    else ignore(v, "give a time like 30s");
  } else if ((value = after(v, "MALLOG_SIGNAL="))) {
    config.signal = signal_number(value);
    if (config.signal == 0) ignore(v, "give a signal like USR1, RTMIN+3 or 34");
  } else if ((value = after(v, "MALLOG_SAMPLE="))) {
    if (is_duration(value)) config.sample_every = read_duration(value);
    else ignore(v, "give a time like 1s, or 0");
  } else if ((value = after(v, "MALLOG_HOLES="))) {
    if (is_size(value)) config.min_hole = read_size(value);
    else ignore(v, "give a size like 4096, or 0");
  } else if ((value = after(v, "MALLOG_MAX="))) {
    if (is_size(value)) config.max_bytes = read_size(value);
    else ignore(v, "give a size like 2G");
  } else if ((value = after(v, "MALLOG_FULL="))) {
    config.blocks_when_full = second_of(v, value, "stop", "block", "give stop or block");
  } else if ((value = after(v, "MALLOG_ORDER="))) {
    config.is_exact = second_of(v, value, "free", "exact", "give free or exact");
  }
}

/* Heaps of another size: their arenas would not be found. Or caches of larger chunks, which may be of any arena. */
static int has_other_arenas(const char *tunables) {
  const char *huge = find(tunables, "glibc.malloc.hugetlb=");
  const char *digit = huge == NULL ? "" : after(huge, "glibc.malloc.hugetlb=");
  return find(tunables, "glibc.malloc.tcache_max=") != NULL ||
         (*digit != 0 && !((*digit == '0' || *digit == '1') && (digit[1] == 0 || digit[1] == ':')));
}

static COLD void read_config(void) {
  const char *by_signal = NULL;
  int is_unknown = !is_glibc;
  config.is_exact = 0;
  config.sample_every = 1000000;
  config.min_hole = 4096;
  for (const char *v = next_variable(NULL); v != NULL; v = next_variable(v)) {
    read_setting(v);
    if (after(v, "MALLOG_START_AFTER=signal")) by_signal = v;
    if (after(v, "GLIBC_TUNABLES=") && has_other_arenas(v)) is_unknown = 1;
  }
  make_path_absolute();
  if (config.starts_by_signal && config.signal == 0) {
    config.starts_by_signal = 0;
    ignore(by_signal, "give the signal, too: MALLOG_SIGNAL=USR1");
  }
  if (is_unknown || config.start_after != 0 || config.starts_by_signal) config.is_exact = 1;
  config.smallest_noted = config.min_hole == 0 ? (word)-1 : config.min_hole;
  /* Growing a file beyond this limit would be answered by SIGXFSZ. */
  struct rlimit files;
  if (SYS(prlimit64, 0, RLIMIT_FSIZE, 0, &files) == 0 && files.rlim_cur != RLIM_INFINITY &&
      (config.max_bytes == 0 || files.rlim_cur < config.max_bytes))
    config.max_bytes = files.rlim_cur;
}

/* # KEY VALUE, where the value is a text of unknown origin */
static void state_text(const char *key, const char *value) {
  char *o = text(header, "# ");
  o = text(o, key);
  *o++ = ' ';
  comment(header, safe_text(o, value, PATH_BYTES));
}

static void state_number(const char *key, word value) {
  char *o = text(header, "# ");
  o = text(o, key);
  *o++ = ' ';
  comment(header, decimal(o, value));
}

/* glibc counts the CPUs that are online for its arena limit; 2.34 to 2.38 in the original count the affinity (§6.1). */
static void state_cpus(void) {
  static uint64_t mask[128];
  word online = read_file("/sys/devices/system/cpu/online", scratch, sizeof scratch) ? count_list(scratch) : 0;
  long bytes = SYS(sched_getaffinity, 0, sizeof mask, mask);
  word affinity = 0;
  for (long i = 0; i < bytes / 8; i++) affinity += (word)__builtin_popcountll(mask[i]);
  if (online > 0 || affinity > 0) state_number("cpus", online > 0 ? online : affinity);
  if (affinity > 0) state_number("affinity", affinity);
}

static void state_machine(void) {
#ifdef __x86_64__
  comment(header, text(header, "# arch x86_64"));
#else
  comment(header, text(header, "# arch aarch64"));
#endif
  state_number("page", page_bytes);
  const char *(*version)(void) = (const char *(*)(void))next_symbol("gnu_get_libc_version", NULL);
  if (version != NULL) state_text("glibc", version());
  if (!is_glibc) state_text("allocator", allocator_path);
  state_cpus();
  if (read_file("/sys/kernel/mm/transparent_hugepage/enabled", scratch, sizeof scratch)) {
    const char *mode = find(scratch, "[");
    char *end = mode == NULL ? NULL : (char *)find(mode, "]");
    if (end != NULL) {
      *end = 0;
      state_text("thp", mode + 1);
    }
  }
  if (read_file("/proc/sys/vm/overcommit_memory", scratch, sizeof scratch)) state_text("overcommit", scratch);
}

static void state_settings(void) {
  for (const char *v = next_variable(NULL); v != NULL; v = next_variable(v))
    if (after(v, "MALLOC_") || after(v, "GLIBC_TUNABLES=")) state_text("setting", v);
  if (read_file("/etc/tunables.conf", scratch, sizeof scratch)) {
    for (const char *line = scratch; *line;) {
      if (*line != '#' && *line != '\n') state_text("tunables.conf", line);
      while (*line && *line != '\n') line++;
      if (*line) line++;
    }
  }
}

/* The figure in a file of a cgroup; no limit is the largest word. */
static word read_cgroup(const char *folder, size_t folder_bytes, const char *name) {
  static char path[PATH_BYTES + 64];
  char figure[32];
  char *o = path;
  for (size_t i = 0; i < folder_bytes; i++) *o++ = folder[i];
  *text(o, name) = 0;
  if (read_file(path, figure, sizeof figure) == 0) return 0;
  word value = read_decimal(figure);
  return figure[0] == 'm' || value >> 62 != 0 ? (word)-1 : value;
}

/* The cgroup's memory limit, the least of all above it, and what it uses: cgroup v2, or v1. */
static void state_cgroup(void) {
  static char folder[PATH_BYTES + 64];
  int is_second = 1;
  const char *path = NULL;
  if (read_file("/proc/self/cgroup", scratch, PATH_BYTES) == 0) return;
  for (const char *line = scratch; *line;) {
    const char *rest = find(line, ":");
    const char *controllers = rest == NULL ? "" : rest + 1;
    if (after(controllers, "memory:") || after(controllers, "memory,") || find(controllers, ",memory:")) {
      const char *names_end = find(controllers, ":");
      const char *end = find(line, "\n");
      if (names_end != NULL && (end == NULL || names_end < end)) {
        path = names_end + 1;
        is_second = 0;
        break;
      }
    }
    if (after(line, "0::")) path = line + 3;
    while (*line && *line != '\n') line++;
    if (*line) line++;
  }
  if (path == NULL) return;
  char *root = text(folder, is_second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory");
  char *end = safe_text(root, path, PATH_BYTES);
  const char *limit_name = is_second ? "/memory.max" : "/memory.limit_in_bytes";
  const char *usage_name = is_second ? "/memory.current" : "/memory.usage_in_bytes";
  word limit = (word)-1;
  word usage = 0;
  for (;; end--) {
    while (end > root && end[-1] == '/') end--;
    word here = read_cgroup(folder, (size_t)(end - folder), limit_name);
    if (here != 0 && here < limit) limit = here;
    if (usage == 0) usage = read_cgroup(folder, (size_t)(end - folder), usage_name);
    if (end == root) break;
    while (end > root && end[-1] != '/') end--;
    if (end == root) break;
  }
  if (usage == 0 && limit == (word)-1) return;
  char *o = text(header, "# cgroup limit=");
  o = limit == (word)-1 ? text(o, "max") : decimal(o, limit);
  o = text(o, " usage=");
  comment(header, decimal(o, usage));
}

static void state_process(void) {
  state_number("pid", (word)process->pid);
  state_number("parent", (word)SYS(getppid));
  struct timespec t;
  SYS(clock_gettime, CLOCK_REALTIME, &t);
  state_number("start", (word)t.tv_sec);
  long n = SYS(readlinkat, AT_FDCWD, "/proc/self/exe", scratch, sizeof scratch - 1);
  if (n > 0) {
    scratch[n] = 0;
    state_text("program", scratch);
  }
  size_t bytes = read_file("/proc/self/cmdline", scratch, 2048);
  for (size_t i = 0; i + 1 < bytes; i++)
    if (scratch[i] == 0) scratch[i] = ' ';
  if (bytes > 0) state_text("command", scratch);
}

static COLD void find_heap(void) {
  initial_break = (word)SYS(brk, 0);
  heap_start = initial_break;
  /* Field 47 of stat is the start of the break area; the name before field 3 may have blanks. */
  size_t n = read_file("/proc/self/stat", scratch, sizeof scratch);
  const char *s = scratch + n;
  while (s > scratch && *s != ')') s--;
  for (int field = 2; *s && field < 47; s++)
    if (*s == ' ') field++;
  word start = read_decimal(s);
  if (start != 0 && start <= initial_break) heap_start = start;
  n = read_file("/proc/self/auxv", scratch, sizeof scratch);
  for (size_t i = 0; i + 16 <= n; i += 16) {
    word entry[2];
    copy(entry, scratch + i, sizeof entry);
    if (entry[0] == AT_PAGESZ) page_bytes = entry[1];
  }
}

/* Mappings of code, whose lines of /proc/self/maps the log has. */
enum { MOST_RANGES = 8192, KNOWN_PAGES = 1024 };
static struct {
  word start;
  word end;
  word file;
} ranges[MOST_RANGES];
static int range_count;
static word known_pages[KNOWN_PAGES];
static word next_refresh;

/* Writes the line of a mapping of code, unless the log has it. */
static void state_mapping(const char *line) {
  const char *s = line;
  word start = read_hexadecimal(&s);
  s++;
  word end = read_hexadecimal(&s);
  if (s[0] != ' ' || s[3] != 'x') return;
  const char *file = s;
  word sum = 0;
  for (; *file; file++) sum = sum * 31 + (unsigned char)*file;
  file = find(s, "/");
  if (file == NULL) file = find(s, "[vdso]");
  if (file == NULL) return;
  int i = 0;
  while (i < range_count && !(ranges[i].start < end && start < ranges[i].end)) i++;
  if (i < range_count && ranges[i].start == start && ranges[i].end == end && ranges[i].file == sum) return;
  if (i == range_count) {
    if (range_count == MOST_RANGES) return;
    range_count++;
  }
  ranges[i].start = start;
  ranges[i].end = end;
  ranges[i].file = sum;
  char *o = text(header, "# map ");
  o = hexadecimal(o, start, 1);
  *o++ = '-';
  o = hexadecimal(o, end, 1);
  for (int blanks = 0; *s && blanks < 3; s++) {
    blanks += *s == ' ';
    if (blanks < 3) *o++ = *s;
  }
  *o++ = ' ';
  comment(header, safe_text(o, file, PATH_BYTES));
}

/* Reads /proc/self/maps line by line. */
static COLD void read_mappings(void (*take)(const char *line)) {
  size_t kept = 0;
  int fd = open_file("/proc/self/maps", O_RDONLY, 0);
  if (fd < 0) return;
  for (;;) {
    long got = SYS(read, fd, scratch + kept, sizeof scratch - 1 - kept);
    if (got == -EINTR) continue;
    if (got <= 0) break;
    size_t n = kept + (size_t)got;
    char *line = scratch;
    scratch[n] = 0;
    for (char *end; (end = (char *)find(line, "\n")) != NULL; line = end + 1) {
      *end = 0;
      take(line);
    }
    kept = (size_t)(scratch + n - line);
    for (size_t i = 0; i < kept; i++) scratch[i] = line[i];
    if (kept == sizeof scratch - 1) kept = 0;
  }
  SYS(close, fd);
}

/* A call comes from a page of code that none came from before: an object may have been loaded. */
static COLD void meet_caller(word caller, word time) {
  int i = 0;
  while (i < range_count && (caller < ranges[i].start || caller >= ranges[i].end)) i++;
  if (i == range_count && time < next_refresh) return;
  known_pages[caller / page_bytes % KNOWN_PAGES] = caller / page_bytes;
  if (i < range_count) return;
  read_mappings(state_mapping);
  /* Code without a file is compiled by the program itself: many new pages, none with a name. */
  next_refresh = time + 100000;
}

/* ------------------------------------------------------------------------------------------------- blocks and pages */

struct block {
  word pointer;
  /* bytes that the program may use */
  word bytes;
  /* start of the block's own mapping; 0: it has none */
  word mapping;
};

/* Live blocks that may have unwritten pages, or have their own mapping: open addressing, at most half full. */
static struct {
  struct block *slots;
  word size;
  word count;
} blocks;

/* Heaps of arenas other than the main one, by address. */
enum { MOST_HEAPS = 16384 };
static word heaps[MOST_HEAPS];
static word heap_count;
/* heaps that are among them, by the end of their number */
enum { KNOWN_HEAPS = 64 };
static word known_heaps[KNOWN_HEAPS];

static inline word slot_of(word pointer) {
  return (pointer >> 4) * 0x9e3779b97f4a7c15u >> 20 & (blocks.size - 1);
}

static int grow_blocks(void) {
  struct block *old = blocks.slots;
  word old_size = blocks.size;
  word size = old_size == 0 ? 4096 : old_size * 2;
  struct block *slots = map_memory(size * sizeof *slots);
  if (slots == NULL) return 0;
  blocks.slots = slots;
  blocks.size = size;
  for (word i = 0; i < old_size; i++) {
    if (old[i].pointer == 0) continue;
    word at = slot_of(old[i].pointer);
    while (slots[at].pointer != 0) at = (at + 1) & (size - 1);
    slots[at] = old[i];
  }
  if (old != NULL) SYS(munmap, old, old_size * sizeof *old);
  return 1;
}

static COLD void add_block(word p, word bytes, word mapping) {
  if (blocks.count * 2 >= blocks.size && !grow_blocks()) return;
  word at = slot_of(p);
  while (blocks.slots[at].pointer != 0 && blocks.slots[at].pointer != p) at = (at + 1) & (blocks.size - 1);
  if (blocks.slots[at].pointer == 0) blocks.count++;
  blocks.slots[at] = (struct block){p, bytes, mapping};
}

static COLD void remove_block(word p) {
  if (blocks.size == 0) return;
  word mask = blocks.size - 1;
  word at = slot_of(p);
  while (blocks.slots[at].pointer != p) {
    if (blocks.slots[at].pointer == 0) return;
    at = (at + 1) & mask;
  }
  blocks.count--;
  /* Moves up what would no longer be found behind the gap. */
  for (word next = (at + 1) & mask; blocks.slots[next].pointer != 0; next = (next + 1) & mask) {
    word home = slot_of(blocks.slots[next].pointer);
    if (((next - home) & mask) >= ((next - at) & mask)) {
      blocks.slots[at] = blocks.slots[next];
      at = next;
    }
  }
  blocks.slots[at].pointer = 0;
}

static COLD void forget_blocks(void) {
  if (blocks.slots != NULL) SYS(munmap, blocks.slots, blocks.size * sizeof *blocks.slots);
  blocks.slots = NULL;
  blocks.size = blocks.count = 0;
}

static inline word *known_heap(word heap) {
  return &known_heaps[heap / HEAP_BYTES % KNOWN_HEAPS];
}

/* How many heaps begin at `address` or below */
static word heaps_up_to(word address) {
  word from = 0;
  word to = heap_count;
  while (from < to) {
    word middle = (from + to) / 2;
    if (heaps[middle] <= address) from = middle + 1;
    else to = middle;
  }
  return from;
}

static COLD void meet_heap(word heap) {
  *known_heap(heap) = heap;
  word at = heaps_up_to(heap);
  if ((at > 0 && heaps[at - 1] == heap) || heap_count == MOST_HEAPS) return;
  for (word i = heap_count++; i > at; i--) heaps[i] = heaps[i - 1];
  heaps[at] = heap;
}

enum { PREV_INUSE = 1, IS_MMAPPED = 2, NON_MAIN_ARENA = 4, FLAGS = 7 };

static inline word chunk_head(const void *p) {
  return ((const word *)p)[-1];
}

static inline int is_large(word head) {
  return head >= config.smallest_noted || head & IS_MMAPPED;
}

enum how {
  /* the call is not recorded */
  PASS,
  RECORD,
  /*
   * The thread is inside a call: this one is of its signal handler, or of a function that the hook has called. Its line is
   * written, but what the outer call may just be changing is left alone.
   */
  NESTED,
};

static inline word heap_of(const void *p) {
  return (word)p & ~(word)(HEAP_BYTES - 1);
}

/* True if a block that the allocator has just returned is to be noted. */
static inline int is_notable(const void *p) {
  if (!is_glibc || p == NULL) return 0;
  word head = chunk_head(p);
  return is_large(head) || (head & NON_MAIN_ARENA && *known_heap(heap_of(p)) != heap_of(p));
}

/* The log's lock is held. */
static COLD void born(const void *p) {
  word head = chunk_head(p);
  if (is_large(head)) {
    word mapping = head & IS_MMAPPED ? (word)p - 16 - ((const word *)p)[-2] : 0;
    add_block((word)p, (head & ~(word)FLAGS) - (head & IS_MMAPPED ? 16 : 8), mapping);
  }
  if (head & NON_MAIN_ARENA && !(head & IS_MMAPPED)) meet_heap(heap_of(p));
}

/* ------------------------------------------------------------------------------------------ which locks a call takes */

/* A request of that many bytes may be given a mapping of its own; less than M_MMAP_THRESHOLD's default, because a chunk is larger. */
static word smallest_mapped = 124 << 10;

/* The largest chunk that a thread's cache holds, unless a tunable raises it. */
enum { LARGEST_CACHED = 1040 };

/* The bit for a chunk of that size, one for each of the cache's bins; 0: the cache does not hold it. */
static inline word bin_bit(word chunk_bytes) {
  return chunk_bytes > LARGEST_CACHED ? 0 : (word)1 << (chunk_bytes / 16 - 2);
}

/* The lock of the arena that a chunk is of; its heap begins with the arena's address (§2.4). */
static inline unsigned arena_lock(const void *p, word head) {
  if (!(head & NON_MAIN_ARENA)) return MAIN_ARENA;
  word arena = *(const word *)((word)p & ~(word)(HEAP_BYTES - 1));
  return FIRST_ARENA + (unsigned)(arena / HEAP_BYTES % ARENA_LOCKS);
}

/* No thread can be in the way, or the thread has its locks until its end. */
static inline int needs_no_locks(void) {
  return !process->has_threads || self.destructor_rounds >= DESTRUCTOR_ROUNDS;
}

/*
 * The lock of the thread's arena; all, where that is unknown. A first call may give the thread any arena: which one depends on
 * the arenas that exist, that no thread has, or that are locked (§6.1).
 */
static inline word own_lock(void) {
  return LIKELY(self.arena < CALL_LOCKS) ? LOCK(self.arena) : ALL_LOCKS;
}

/* The locks of a call that asks for so many bytes */
static inline word locks_to_get(word bytes) {
  if (needs_no_locks()) return 0;
  if (config.is_exact) return LOCK(MAIN_ARENA);
  return bytes >= smallest_mapped ? own_lock() | LOCK(MAPPED_BLOCKS) : own_lock();
}

/* The locks of a call that gives the block back */
static inline word locks_to_give(const void *p) {
  if (p == NULL) return 0;
  if (config.is_exact) return needs_no_locks() ? 0 : LOCK(MAIN_ARENA);
  word head = chunk_head(p);
  word locks;
  if (UNLIKELY(head & IS_MMAPPED)) {
    locks = LOCK(MAPPED_BLOCKS);
    /* What any arena gives back depends on the thresholds. */
    if (head > process->largest_unmapped) locks = ALL_LOCKS;
  } else {
    word bit = bin_bit(head & ~(word)FLAGS);
    locks = LOCK(arena_lock(p, head));
    self.given |= locks;
    if (UNLIKELY(!self.has_cache)) {
      locks |= own_lock();
      self.has_cache = bit != 0;
    }
    if (UNLIKELY(self.arena == UNKNOWN_ARENA)) self.freed_sizes |= bit;
  }
  return needs_no_locks() ? 0 : locks;
}

/* The block is freed with all locks, as the first of its size may be. */
static COLD void note_unmapped(const void *p) {
  word head = chunk_head(p);
  if (head & IS_MMAPPED && head > process->largest_unmapped) process->largest_unmapped = head;
}

static inline word locks_of_all(void) {
  return needs_no_locks() ? 0 : config.is_exact ? LOCK(MAIN_ARENA) : ALL_LOCKS;
}

/* Learns the thread's arena from a block that it was given, unless the cache may have held the block: it may be of another. */
static inline void learn_arena(enum how how, const void *p, word bytes) {
  if (config.is_exact || how == NESTED || p == NULL) return;
  word head = chunk_head(p);
  if (head & IS_MMAPPED) {
    if (bytes < smallest_mapped) smallest_mapped = bytes;
    return;
  }
  word bit = bin_bit(head & ~(word)FLAGS);
  if (UNLIKELY(bit == 0 || (self.arena >= CALL_LOCKS && !(bit & self.freed_sizes))))
    self.arena = (unsigned char)arena_lock(p, head);
}

/* ----------------------------------------------------------------------------------------------------- unwritten pages */

static struct {
  struct file file;
  /* frame of the page of zeros that the kernel shows where memory is read before it is written; 0: unknown */
  word zero_frame;
  /* such a page cannot be told from a written one, or there is none and reading makes a page resident */
  int counts_reads;
  /* it cannot be read here */
  int is_missing;
  uint64_t entries[512];
} pagemap;

/* Bit 56 tells the page of zeros from others only as long as no page is shared with a child. */
static int has_forked;

static int read_entries(uint64_t *entries, word page, word count) {
  long got = SYS(pread64, pagemap.file.fd, entries, count * 8, page * 8);
  return got == (long)(count * 8);
}

static int read_pagemap(word page, word count) {
  return read_entries(pagemap.entries, page, count);
}

/* Opens it again where the program has closed it. */
static int has_pagemap(void) {
  if (is_open(&pagemap.file)) return 1;
  if (pagemap.is_missing) return 0;
  pagemap.is_missing = !identify(&pagemap.file, high_fd(open_file("/proc/self/pagemap", O_RDONLY, 0)));
  return !pagemap.is_missing;
}

static word frame_of(uint64_t entry) {
  return entry & (((uint64_t)1 << 55) - 1);
}

static int is_present(uint64_t entry) {
  return entry >> 63 != 0;
}

static int is_resident(uint64_t entry) {
  if (!is_present(entry)) return 0;
  if (pagemap.counts_reads) return 1;
  if (pagemap.zero_frame != 0) return frame_of(entry) != pagemap.zero_frame;
  return has_forked || entry >> 56 & 1;
}

/* Neither resident nor swapped out */
static int is_unwritten(uint64_t entry) {
  return !is_resident(entry) && !(entry >> 62 & 1);
}

static COLD void open_pagemap(void) {
  close_file(&pagemap.file);
  pagemap.is_missing = 0;
  if (!has_pagemap()) return;
  volatile char *pages = map_memory(2 * page_bytes);
  if (pages == NULL) return;
  (void)pages[0];
  (void)pages[page_bytes];
  if (read_pagemap((word)pages / page_bytes, 2)) {
    uint64_t first = pagemap.entries[0];
    uint64_t second = pagemap.entries[1];
    pagemap.zero_frame = frame_of(first);
    pagemap.counts_reads =
        frame_of(first) != 0 ? frame_of(first) != frame_of(second) : is_present(first) && first >> 56 & 1;
  } else {
    pagemap.is_missing = 1;
    close_file(&pagemap.file);
  }
  SYS(munmap, pages, 2 * page_bytes);
}

/* Resident pages of [from, to). Sets the bit of each unwritten page in `unwritten`, unless that is NULL. */
static word resident_pages(word from, word to, uint64_t *unwritten) {
  word count = 0;
  word last = (to + page_bytes - 1) / page_bytes;
  for (word page = from / page_bytes; page < last;) {
    word n = last - page < 512 ? last - page : 512;
    if (!read_pagemap(page, n)) break;
    for (word i = 0; i < n; i++) {
      count += (word)is_resident(pagemap.entries[i]);
      if (unwritten != NULL && is_unwritten(pagemap.entries[i])) unwritten[i / 64] |= (uint64_t)1 << i % 64;
    }
    if (unwritten != NULL) unwritten += 512 / 64;
    page += n;
  }
  return count;
}

/* The line of a block's pages that were never written (docs/touch.md §6), while it is made. */
struct hole_line {
  char *text;
  size_t bytes;
  word block;
  /* NULL: there are none so far */
  char *end;
  /* the first page of the hole that the page before is in; 0: that is written */
  word hole;
};

/* Takes the next page of the block, or the one behind it as written. A line that is full takes no more holes. */
static inline void take_page(struct hole_line *line, word page, int unwritten) {
  if (unwritten && line->hole == 0) line->hole = page;
  if (unwritten || line->hole == 0) return;
  char *o = line->end;
  if (o != NULL && o > line->text + line->bytes - 64) return;
  if (o == NULL) {
    o = text(line->text, "# hole ");
    o = pointer(o, line->block);
    *o++ = ' ';
  } else {
    *o++ = ',';
  }
  word from = line->hole * page_bytes > line->block ? line->hole * page_bytes - line->block : 0;
  o = decimal(o, from);
  *o++ = '+';
  line->end = o = decimal(o, page * page_bytes - line->block - from);
  line->hole = 0;
}

/* Finds the holes of a block in the page map. Returns its resident pages as they were there. */
static inline word find_holes(struct hole_line *line, word bytes, uint64_t *entries, word entry_count) {
  word resident = 0;
  word last = (line->block + bytes - 1) / page_bytes;
  for (word page = line->block / page_bytes; page <= last;) {
    word left = last - page + 1;
    word n = left < entry_count ? left : entry_count;
    if (!read_entries(entries, page, n)) {
      line->end = NULL;
      return resident;
    }
    for (word i = 0; i < n; i++) {
      resident += (word)is_resident(entries[i]);
      take_page(line, page + i, is_unwritten(entries[i]));
    }
    page += n;
  }
  take_page(line, last + 1, 0);
  return resident;
}

static int may_have_holes(word p, word bytes) {
  return config.min_hole != 0 && bytes >= config.min_hole && p / page_bytes != (p + bytes - 1) / page_bytes;
}

static char hole_text[HOLE_LINE_BYTES];

static struct hole_line begin_holes(word block) {
  return (struct hole_line){.text = hole_text, .bytes = sizeof hole_text, .block = block};
}

/*
 * Logs the holes of a block. Returns its resident pages, counted where the holes were found: other threads may write to the block
 * meanwhile. The log's lock is held.
 */
static COLD word state_holes(word p, word bytes) {
  if (!has_pagemap()) return 0;
  if (!may_have_holes(p, bytes)) return resident_pages(p, p + bytes, NULL);
  struct hole_line line = begin_holes(p);
  word resident = find_holes(&line, bytes, pagemap.entries, 512);
  if (line.end != NULL) comment(line.text, line.end);
  return resident;
}

enum { MOST_EARLY_PAGES = 32 };

/* Logs what was not written of a block that is about to be freed or resized, and forgets it. */
static inline void dies(enum how how, void *p) {
  if (how == NESTED || !is_glibc || p == NULL) return;
  word head = chunk_head(p);
  if (UNLIKELY(is_large(head))) {
    word bytes = (head & ~(word)FLAGS) - (head & IS_MMAPPED ? 16 : 8);
    /* Most blocks have few pages: these are looked at before the log's lock is taken, for which others would wait. */
    uint64_t entries[MOST_EARLY_PAGES];
    char early_text[MOST_EARLY_PAGES * 16 + 64];
    struct hole_line line = {.text = early_text, .bytes = sizeof early_text, .block = (word)p};
    int is_inspected = may_have_holes((word)p, bytes);
    int is_early = is_inspected && bytes < (MOST_EARLY_PAGES - 1) * page_bytes && is_open(&pagemap.file);
    if (is_early) find_holes(&line, bytes, entries, MOST_EARLY_PAGES);
    take_lock(self.tid);
    if (line.end != NULL) comment(line.text, line.end);
    else if (is_inspected && !is_early) state_holes((word)p, bytes);
    remove_block((word)p);
    give_lock();
  }
}

/* ---------------------------------------------------------------------------------------------------------- samples */

static word next_sample;

/* Pages of a window that the process has mapped: with large folios, also some that no line has reached. */
static word present_pages(const char *window) {
  word count = 0;
  word pages = WINDOW_BYTES / page_bytes;
  if (window == NULL || !read_pagemap((word)window / page_bytes, pages)) return 0;
  for (word i = 0; i < pages; i++) count += (word)is_present(pagemap.entries[i]);
  return count;
}

/*
 * What a sample has read of a heap: a bit for each page, 1 where it was not written. The holes of the heap's blocks are found in
 * these bits: other threads go on writing, so that the page map may have changed since the resident pages were counted.
 */
struct reading {
  word first_page;
  word page_count;
  const uint64_t *unwritten;
};

/* The beginning of a heap (§2.4) */
struct heap_info {
  word arena;
  word previous;
  word size;
  /* bytes that were ever made accessible */
  word accessible;
};

/* True if such a heap may begin at `start`. The arena is in its first heap, behind heap_info. */
static int is_heap(word start, const struct heap_info *info) {
  word first = info->arena & ~(word)(HEAP_BYTES - 1);
  return info->arena != 0 && info->arena - first < 2 * sizeof *info && (first == start) == (info->previous == 0) &&
         info->previous % HEAP_BYTES == 0 && info->size <= info->accessible && info->accessible <= HEAP_BYTES &&
         info->size % page_bytes == 0;
}

/*
 * A thread has made its first call since heaps were looked for. That makes its cache, and often an arena, of which no block need be
 * returned: the call may be a free, or its block may have a mapping of its own.
 */
static int has_new_threads;

static COLD void note_first_call(void) {
  self.has_called = 1;
  has_new_threads = 1;
}

/* /proc/self/mem: mappings that are not malloc's may be gone when they are read. */
static int memory_fd;

/* Meets the heaps that are in a mapping. */
static void meet_mapped_heaps(const char *line) {
  word start = read_hexadecimal(&line);
  line++;
  word end = read_hexadecimal(&line);
  if (after(line, " rw-p ") == NULL || find(line, "/") != NULL) return;
  for (word heap = (start + HEAP_BYTES - 1) / HEAP_BYTES * HEAP_BYTES; heap < end; heap += HEAP_BYTES) {
    if (!read_pagemap(heap / page_bytes, 1) || !is_present(pagemap.entries[0])) continue;
    struct heap_info info;
    if (SYS(pread64, memory_fd, &info, sizeof info, heap) == sizeof info && is_heap(heap, &info)) meet_heap(heap);
  }
}

static COLD void meet_heaps_of_new_threads(void) {
  has_new_threads = 0;
  memory_fd = open_file("/proc/self/mem", O_RDONLY, 0);
  if (memory_fd < 0) return;
  read_mappings(meet_mapped_heaps);
  SYS(close, memory_fd);
}

static struct reading main_reading;
/* of the heaps in `heaps`, in their order */
static struct reading heap_readings[MOST_HEAPS];

/* Memory for the bits of one sample; `next`: of the next heap; NULL: there is none */
struct reading_memory {
  uint64_t *bits;
  uint64_t *next;
  word bytes;
};

static word words_of_bits(word pages) {
  return (pages + 63) / 64;
}

static struct reading_memory map_readings(word main_bytes) {
  word words = words_of_bits(main_bytes / page_bytes + 2) + heap_count * words_of_bits(HEAP_BYTES / page_bytes);
  uint64_t *bits = map_memory(words * 8);
  return (struct reading_memory){bits, bits, words * 8};
}

/* Reads the pages of a heap, [from, to). Returns how many are resident. */
static word read_heap(struct reading *reading, word from, word to, struct reading_memory *memory) {
  word first = from / page_bytes;
  word pages = (to + page_bytes - 1) / page_bytes - first;
  *reading = (struct reading){first, memory->next == NULL ? 0 : pages, memory->next};
  word resident = resident_pages(from, to, memory->next);
  if (memory->next != NULL) memory->next += words_of_bits(pages);
  return resident;
}

/* The same of all heaps of arenas other than the main one. */
static word read_heaps(struct reading_memory *memory) {
  word resident = 0;
  word left = 0;
  for (word i = 0; i < heap_count; i++) {
    word heap = heaps[i];
    const struct heap_info *info = (const struct heap_info *)heap;
    if (!read_pagemap(heap / page_bytes, 1) || !is_present(pagemap.entries[0]) || !is_heap(heap, info)) {
      /* The heap has been unmapped. */
      *known_heap(heap) = 0;
      continue;
    }
    heaps[left] = heap;
    resident += read_heap(&heap_readings[left++], heap, heap + info->accessible, memory);
  }
  heap_count = left;
  return resident;
}

/* What was read of the heap that has these pages; NULL: nothing, they may be of a mapping that replaces the main heap (§2.3) */
static const struct reading *reading_of(word first, word last) {
  const struct reading *reading = &main_reading;
  if (first - reading->first_page >= reading->page_count) {
    word heap = heaps_up_to(first * page_bytes);
    if (heap == 0) return NULL;
    reading = &heap_readings[heap - 1];
  }
  return last - reading->first_page < reading->page_count ? reading : NULL;
}

/* Logs the holes of a heap's block as the sample has read them. The log's lock is held. */
static void state_read_holes(word p, word bytes) {
  word first = p / page_bytes;
  word last = (p + bytes - 1) / page_bytes;
  const struct reading *reading = reading_of(first, last);
  if (reading == NULL) {
    state_holes(p, bytes);
    return;
  }
  if (!may_have_holes(p, bytes)) return;
  struct hole_line line = begin_holes(p);
  for (word page = first; page <= last;) {
    word at = page - reading->first_page;
    uint64_t bits = reading->unwritten[at / 64] >> at % 64;
    word n = 64 - at % 64;
    if (n > last - page + 1) n = last - page + 1;
    /* Of most blocks all is written. */
    if (bits == 0 && line.hole == 0) {
      page += n;
      continue;
    }
    for (word end = page + n; page < end; page++, bits >>= 1) take_page(&line, page, (int)(bits & 1));
  }
  take_page(&line, last + 1, 0);
  if (line.end != NULL) comment(line.text, line.end);
}

/* # rss TOTAL heap=… arenas=… mapped=… other=…: what is resident of malloc's memory, and of the rest of the process */
static COLD void sample(word time) {
  if (!is_glibc || !has_pagemap()) {
    next_sample = (word)-1;
    return;
  }
  if (has_new_threads) meet_heaps_of_new_threads();
  word brk = (word)SYS(brk, 0);
  if (brk < heap_start) brk = heap_start;
  struct reading_memory memory = map_readings(brk - heap_start);
  word heap = read_heap(&main_reading, heap_start, brk, &memory);
  word arenas = read_heaps(&memory);
  word mapped = 0;
  for (word i = 0; i < blocks.size; i++) {
    const struct block *block = &blocks.slots[i];
    if (block->pointer == 0) continue;
    if (block->mapping == 0) state_read_holes(block->pointer, block->bytes);
    else
      mapped += state_holes(block->pointer, block->bytes) +
                resident_pages(block->mapping, block->pointer & ~(page_bytes - 1), NULL);
  }
  if (memory.bits != NULL) SYS(munmap, memory.bits, memory.bytes);
  word malloced = heap + arenas + mapped;
  word all = 0;
  if (read_file("/proc/self/statm", scratch, 256)) {
    const char *s = scratch;
    while (*s && *s != ' ') s++;
    all = read_decimal(s);
  }
  word own = blocks.size * sizeof(struct block) / page_bytes + present_pages(process->window) +
             present_pages(process->next_window) + present_pages(process->old_window);
  word other = all > malloced + own ? all - malloced - own : 0;
  char *o = text(header, "# rss ");
  o = decimal(o, malloced * page_bytes);
  o = text(o, " heap=");
  o = decimal(o, heap * page_bytes);
  o = text(o, " arenas=");
  o = decimal(o, arenas * page_bytes);
  o = text(o, " mapped=");
  o = decimal(o, mapped * page_bytes);
  o = text(o, " other=");
  comment(header, decimal(o, other * page_bytes));
  if (!out.is_mapped) {
    process->is_moving = 1;
    flush_buffer();
    process->is_moving = 0;
  }
  /* Samples take at most a fiftieth of the time. */
  word took = now() - time;
  word pause = took * 50 > config.sample_every ? took * 50 : config.sample_every;
  next_sample = config.sample_every == 0 ? (word)-1 : time + took + pause;
}

/* ------------------------------------------------------------------------------------------------- lines of calls */

static COLD void begin_second(word seconds) {
  self.second = seconds;
  two_digits(self.clock, (unsigned)(seconds / 3600 % 100))[0] = ':';
  two_digits(self.clock + 3, (unsigned)(seconds / 60 % 60))[0] = ':';
  two_digits(self.clock + 6, (unsigned)(seconds % 60))[0] = '.';
}

static inline char *clock_time(char *o, word t) {
  word seconds = t / 1000000;
  unsigned micro = (unsigned)(t % 1000000);
  if (UNLIKELY(seconds != self.second)) begin_second(seconds);
  copy(o, self.clock, sizeof self.clock);
  two_digits(o + 9, micro / 10000);
  two_digits(o + 11, micro / 100 % 100);
  return two_digits(o + 13, micro % 100);
}

/* A call's line, and what the call holds. */
struct line {
  char *end;
  /* where the time stands in the text */
  char *clock;
  word time;
  word locks;
  char text[LINE_BYTES];
};

/* The next bytes of the line. */
#define PUT(function, ...) line.end = function(line.end, ##__VA_ARGS__)

/* tid, time and caller */
static inline void begin_text(struct line *line, word caller) {
  char *o = decimal(line->text, (word)self.tid);
  word last = __atomic_load_n(&process->last_time, __ATOMIC_RELAXED);
  word time = now();
  /* Lines that follow each other closely have one time: in a packed log, times would be a quarter of all. */
  line->time = time - last < SAME_TIME ? last : time;
  *o++ = ' ';
  line->clock = o;
  o = clock_time(o, line->time);
  o = text(o, " [0x");
  o = hexadecimal(o, caller, 8);
  *o++ = ']';
  *o++ = ' ';
  line->end = o;
}

/* Ends the line and writes it; the log's lock is held. */
static inline void write_call(struct line *line) {
  *line->end++ = '\n';
  /* The line's text is older than the lock. */
  if (LIKELY(line->time >= process->last_time)) process->last_time = line->time;
  else clock_time(line->clock, process->last_time);
  if (UNLIKELY(!write_line(line->text, (word)(line->end - line->text)))) lose();
}

/* ---------------------------------------------------------------------------------------------------------- threads */

static int (*key_create)(pthread_key_t *, void (*)(void *));
static int (*set_specific)(pthread_key_t, const void *);
static pthread_key_t key;
static int has_key;

static void state_name(int tid, const char *name) {
  char line[64];
  char *o = text(line, "# thread ");
  o = decimal(o, (word)tid);
  *o++ = ' ';
  comment(line, safe_text(o, name, NAME_BYTES));
}

/* Logs this thread's name if it is new. */
static void name_thread(void) {
  char name[NAME_BYTES + 1] = {0};
  SYS(prctl, PR_GET_NAME, name);
  if (equal(name, self.name)) return;
  for (int i = 0; i < NAME_BYTES; i++) self.name[i] = name[i];
  state_name(self.tid, name);
}

/* A thread's data are destroyed: the last time is the nearest to its end that the hook can have. */
static void thread_ends(void *value) {
  if (process->main_thread == &self) process->main_thread = NULL;
  if (process->state != RECORDING || self.epoch != epoch || self.is_inside) return;
  if (self.destructor_rounds + 1 < DESTRUCTOR_ROUNDS) {
    self.destructor_rounds++;
    set_specific(key, value);
    return;
  }
  struct line line;
  begin_text(&line, 0);
  line.end = text(line.end, "thread_exit()");
  word locks = LOCK(MAIN_ARENA);
  if (!config.is_exact) locks = self.given | LOCK(ROSTER) | own_lock();
  set_inside(1);
  take_call_locks(locks, self.tid);
  take_lock(self.tid);
  int is_recording = process->state == RECORDING;
  if (is_recording) {
    name_thread();
    write_call(&line);
  }
  give_lock();
  if (!is_recording) {
    give_call_locks(locks);
  } else {
    word since = now();
    self.destructor_rounds = DESTRUCTOR_ROUNDS;
    for (word left = locks; left != 0; left &= left - 1) {
      struct call_lock *lock = &process->calls[__builtin_ctzl(left)];
      lock->leaving_since = since;
      __atomic_store_n(&lock->owner, -self.tid, __ATOMIC_RELEASE);
    }
  }
  set_inside(0);
}

static COLD void create_key(void) {
  key_create = (int (*)(pthread_key_t *, void (*)(void *)))next_symbol("pthread_key_create", NULL);
  set_specific = (int (*)(pthread_key_t, const void *))next_symbol("pthread_setspecific", NULL);
  has_key = key_create != NULL && set_specific != NULL && key_create(&key, thread_ends) == 0;
}

/* This thread's first call in this process, or the first since another thread was renamed */
static COLD void meet_thread(void) {
  int is_new = self.renames == 0;
  self.renames = renames;
  set_inside(1);
  take_lock(self.tid);
  if (process->state == RECORDING) name_thread();
  give_lock();
  set_inside(0);
  if (!is_new) return;
  /* Before 2.34 the functions may come with a library that is loaded later. */
  if (!has_key && self.tid != process->pid) create_key();
  /* This may allocate: a call like others. */
  if (has_key) set_specific(key, &self);
}

/* Names of all threads that live, for those that were named past the hook. */
static COLD void name_threads(void) {
  struct {
    uint64_t ino;
    int64_t off;
    unsigned short bytes;
    unsigned char type;
    char name[];
  } *entry;
  static char list[4096];
  char name[NAME_BYTES + 2];
  int folder = open_file("/proc/self/task", O_RDONLY | O_DIRECTORY, 0);
  if (folder < 0) return;
  long n;
  while ((n = SYS(getdents64, folder, list, sizeof list)) > 0) {
    for (long at = 0; at < n; at += entry->bytes) {
      entry = (void *)(list + at);
      if (entry->name[0] < '0' || entry->name[0] > '9') continue;
      char *o = text(scratch, "/proc/self/task/");
      o = text(o, entry->name);
      *text(o, "/comm") = 0;
      if (read_file(scratch, name, sizeof name)) state_name((int)read_decimal(entry->name), name);
    }
  }
  SYS(close, folder);
}

/* ----------------------------------------------------------------------------------------------- starting and ending */

static const char *write_error(long error) {
  switch (error) {
    case -ENOENT: return "its directory does not exist";
    case -ENOTDIR: return "a part of its path is not a directory";
    case -EISDIR: return "is a directory";
    case -EACCES: case -EPERM: return "permission denied";
    case -EROFS: return "the file system is read-only";
    case -ENOSPC: case -EDQUOT: return "no space left on the device";
    case -EEXIST: return "too many logs of this process are there";
    case -EFBIG: return "MALLOG_MAX or ulimit -f is below 512 KiB, the least";
  }
  return NULL;
}

static void say(const char *line, const char *end) {
  SYS(write, 2, line, end - line);
}

/* There is no log: why, and what to do. */
static COLD void complain(long error) {
  char line[PATH_BYTES + 256];
  const char *reason = write_error(error);
  char *o = text(line, "mallog-hook: cannot write ");
  o = safe_text(o, out.path, PATH_BYTES);
  o = text(o, ": ");
  if (reason != NULL) o = text(o, reason);
  else o = decimal(text(o, "error "), (word)-error);
  o = text(o, "; nothing is recorded");
  if (error != -EFBIG) {
    o = decimal(text(o, "; set MALLOG_OUT to a file that user "), (word)SYS(geteuid));
    o = text(o, " can write");
  }
  say(line, text(o, "\n"));
}

/* A setting has no effect: which, and what to give instead. */
static COLD void complain_of_setting(void) {
  char line[512];
  char *o = text(line, "mallog-hook: ");
  o = safe_text(o, ignored.setting, 200);
  o = text(o, " is ignored; ");
  say(line, text(text(o, ignored.hint), "\n"));
}

/* # forked NAME BYTES TID: the parent's log, how far it was, and the thread that goes on here; only # forked if that is unknown */
static void state_fork(void) {
  char *o = text(header, "# forked");
  if (fork_point.bytes != 0) {
    *o++ = ' ';
    o = text(o, fork_point.name);
    *o++ = ' ';
    o = decimal(o, fork_point.bytes);
    *o++ = ' ';
    o = decimal(o, (word)fork_point.tid);
  }
  comment(header, o);
  fork_point.bytes = 0;
}

/* Opens the log and writes its head. Calls are stopped, or there is only one thread. */
static COLD void begin_recording(void) {
  long result = open_log();
  if (result < 0) {
    if (result != -EWOULDBLOCK) complain(result);
    process->state = OFF;
    return;
  }
  /* The clock of a child goes on where it was forked. */
  if (fork_point.bytes == 0) SYS(clock_gettime, CLOCK_MONOTONIC, &time_zero);
  process->state = RECORDING;
  process->last_time = 0;
  range_count = 0;
  for (int i = 0; i < KNOWN_PAGES; i++) known_pages[i] = 0;
  comment(header, text(header, "# hook mallog 1"));
  state_process();
  if (is_forked) state_fork();
  comment(header, text(header, config.is_exact ? "# order exact" : "# order free"));
  state_machine();
  state_settings();
  state_cgroup();
  char *o = text(header, "# heap ");
  comment(header, pointer(o, initial_break));
  if (is_glibc) {
    open_pagemap();
    if (config.min_hole != 0 && !pagemap.is_missing) {
      o = text(header, "# holes min=");
      comment(header, decimal(o, config.min_hole));
    }
  }
  read_mappings(state_mapping);
  next_refresh = 0;
  has_new_threads = 1;
  next_sample = config.sample_every == 0 ? (word)-1 : now() + config.sample_every;
}

static COLD void end_recording(void) {
  name_threads();
  read_mappings(state_mapping);
  state_cgroup();
  sample(now());
  if (process->lost != 0) state_lost_calls();
  comment(header, text(header, "# end"));
  /* Before: behind the file's new end, the line of a signal handler would be an error of the bus. */
  process->state = ENDED;
  close_log();
}

/* MALLOG_SIGNAL or a time switches the recording on or off; calls are stopped. */
static COLD void switch_recording(void) {
  if (process->state == WAITING) {
    begin_recording();
  } else if (process->state == RECORDING) {
    end_recording();
    /* Later calls are not noted. A recording that begins again has another log, where %p tells them apart. */
    forget_blocks();
    if (config.is_per_process && config.signal != 0) {
      process->state = WAITING;
      config.starts_by_signal = 1;
      config.is_exact = 1;
      epoch++;
    }
  }
}

static void finish(void) {
  if (process->state != RECORDING || SYS(getpid) != process->pid) return;
  if (!stop_calls()) return;
  if (process->state == RECORDING) end_recording();
  let_calls_go_on();
}

static void finish_at_exit(void *unused) {
  (void)unused;
  finish();
}

static void note_signal(int number) {
  (void)number;
  process->is_switched = 1;
}

/*
 * fork holds the locks of all arenas, so that a thread that gets one meanwhile may get another (§6.1): no call overlaps it. The
 * calls of what else is done at a fork are nested.
 */
static void before_fork(void) {
  has_forked = 1;
  if (process->state != RECORDING || self.epoch != epoch || self.is_inside || self.destructor_rounds >= DESTRUCTOR_ROUNDS) return;
  word locks = locks_of_all();
  set_inside(locks == 0 ? FORKING_ALONE : FORKING);
  take_call_locks(locks, self.tid);
  take_lock(self.tid);
  fork_point.bytes = out.is_mapped ? out.base + process->at : 0;
  fork_point.tid = self.tid;
  give_lock();
}

static void after_fork(void) {
  if (process->state == RECORDING) fork_point.bytes = 0;
  if (self.epoch != epoch || (self.is_inside != FORKING && self.is_inside != FORKING_ALONE)) return;
  if (self.is_inside == FORKING) give_call_locks(locks_of_all());
  set_inside(0);
}

static void after_fork_in_child(void) {
  *process = (struct process){0};
}

/*
 * Before 2.24, malloc itself has handlers for a fork, which lock all arenas. What is registered later runs earlier there: this must
 * be the hook's handler, because a thread that waits for an arena has locks that the handler waits for. A setting that does not
 * exist makes malloc ready, and changes nothing else.
 */
static void let_malloc_register(void) {
  const char *(*version)(void) = (const char *(*)(void))next_symbol("gnu_get_libc_version", NULL);
  const char *minor = is_glibc && version != NULL ? after(version(), "2.") : NULL;
  if (minor != NULL && read_decimal(minor) < 24 && real.mallopt != NULL) real.mallopt(0, 0);
}

static COLD void make_process(void) {
  struct process *page = map_memory(sizeof *page);
  if (page == NULL) {
    process->state = OFF;
    return;
  }
  process = page;
  let_malloc_register();
  int (*at_fork)(void (*)(void), void (*)(void), void (*)(void), void *) =
      (int (*)(void (*)(void), void (*)(void), void (*)(void), void *))next_symbol("__register_atfork", NULL);
  int is_wiped = SYS(madvise, page, sizeof *page, MADV_WIPEONFORK) == 0;
  if (at_fork != NULL) at_fork(before_fork, after_fork, is_wiped ? NULL : after_fork_in_child, NULL);
}

/* The first call of a process, or of a forked child. */
static COLD void start_process(void) {
  int is_child = process != &before_start;
  if (!is_child) {
    if (real.malloc == NULL) resolve();
    fill_pairs();
    read_environment();
    read_config();
    find_heap();
    if (config.out[0] == 0 || real.malloc == NULL) {
      process->state = OFF;
      return;
    }
    if (ignored.setting != NULL) complain_of_setting();
    make_process();
    if (process->state == OFF) return;
    SYS(clock_gettime, CLOCK_MONOTONIC, &time_zero);
  } else {
    epoch++;
    is_forked = has_forked = 1;
    config.is_exact = 1;
    leave_log();
    if (!config.is_per_process) {
      process->state = OFF;
      return;
    }
  }
  process->pid = (int)SYS(getpid);
  SYS(membarrier, MEMBARRIER_REGISTER, 0, 0);
  if (is_child || (config.start_after == 0 && !config.starts_by_signal)) begin_recording();
  else process->state = WAITING;
}

/* Called where a call is not simply recorded. Returns 1 if it is to be recorded after all. */
static COLD int change_state(void) {
  if (process->state == NEW) start_process();
  int starts = process->state == WAITING && !config.starts_by_signal && now() >= config.start_after;
  if (process->is_switched || starts) {
    if (!stop_calls()) return 0;
    if (process->is_switched || (starts && process->state == WAITING)) {
      process->is_switched = 0;
      switch_recording();
    }
    let_calls_go_on();
  }
  return process->state == RECORDING;
}

__attribute__((constructor)) static void construct(void) {
  if (process->state == NEW) start_process();
  if (process->state == OFF) return;
  create_key();
  /* Registered before the C library's own clean-up and without an object: called after all destructors. */
  int (*at_exit)(void (*)(void *), void *, void *) =
      (int (*)(void (*)(void *), void *, void *))next_symbol("__cxa_atexit", NULL);
  if (at_exit != NULL) at_exit(finish_at_exit, NULL, NULL);
  int (*set_action)(int, const struct sigaction *, struct sigaction *) =
      (int (*)(int, const struct sigaction *, struct sigaction *))next_symbol("sigaction", NULL);
  if (config.signal != 0 && set_action != NULL) {
    struct sigaction action = {0};
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESTART;
    set_action(config.signal, &action, NULL);
  }
}

/* -------------------------------------------------------------------------------------------------------- the calls */

static inline enum how enter(void) {
  if (UNLIKELY(process->state != RECORDING || process->is_switched) && !change_state()) return PASS;
  if (UNLIKELY(self.epoch != epoch)) meet_self();
  if (UNLIKELY(self.is_inside)) return NESTED;
  if (UNLIKELY(self.renames != renames)) meet_thread();
  set_inside(1);
  return RECORD;
}

static inline void begin_line(enum how how, struct line *line, const void *caller) {
  line->locks = 0;
  if (config.is_exact && how == RECORD && !needs_no_locks()) {
    /* At once: threads that all wait for one lock do better if others sleep meanwhile. */
    line->locks = LOCK(MAIN_ARENA);
    take_call_locks(line->locks, self.tid);
  }
  begin_text(line, (word)caller);
  word page = (word)caller / page_bytes;
  if (UNLIKELY(known_pages[page % KNOWN_PAGES] != page) && how == RECORD) {
    take_lock(self.tid);
    meet_caller((word)caller, line->time);
    give_lock();
  }
}

/* The call is made next: takes the locks that it needs, and notes what becomes of the block that it is given. */
static inline void begin_call(enum how how, struct line *line, word locks, void *old) {
  if (!config.is_exact && how == RECORD) {
    line->locks = locks;
    take_call_locks(locks, self.tid);
  }
  if (UNLIKELY(!self.has_called)) note_first_call();
  dies(how, old);
}

/* Measures, or ends the recording, between two calls of any thread. */
static COLD void act_on_time(word time) {
  /* The thread that ends holds locks that others may wait for. */
  if (self.destructor_rounds >= DESTRUCTOR_ROUNDS || !stop_calls()) return;
  if (process->state == RECORDING) {
    if (config.stop_after != 0 && time >= config.stop_after) {
      end_recording();
      forget_blocks();
    } else if (time >= next_sample) {
      sample(time);
    }
  }
  let_calls_go_on();
}

/* Writes the line, and lets other threads go on. `p`: the block that there is now */
static inline void end_call(enum how how, struct line *line, void *p) {
  int is_locked = how == NESTED && holds_lock(self.tid);
  int is_noted = how == RECORD && is_notable(p);
  if (!is_locked) take_lock(self.tid);
  if (LIKELY(process->state == RECORDING)) write_call(line);
  if (UNLIKELY(is_noted)) born(p);
  int is_half_full = process->at > process->prepare_at && process->window_lock == 0;
  if (!is_locked) give_lock();
  if (how == NESTED) return;
  if (UNLIKELY(is_half_full)) prepare_window();
  give_call_locks(line->locks);
  set_inside(0);
  if (UNLIKELY(self.contention > MOST_CONTENTION)) sleep_briefly(1000000);
  if (UNLIKELY(line->time >= next_sample || (config.stop_after != 0 && line->time >= config.stop_after)))
    act_on_time(line->time);
}

#define CALLER __builtin_return_address(0)

EXPORT void *malloc(size_t size) {
  enum how how = enter();
  if (how == PASS) return real.malloc(size);
  struct line line;
  begin_line(how, &line, CALLER);
  PUT(text, "malloc(");
  PUT(decimal, size);
  PUT(text, ")\t= ");
  begin_call(how, &line, locks_to_get(size), NULL);
  void *p = real.malloc(size);
  learn_arena(how, p, size);
  PUT(pointer, (word)p);
  end_call(how, &line, p);
  return p;
}

/* NAME(A, B) = RESULT: begins the line */
static inline __attribute__((always_inline)) void begin_two(enum how how, struct line *out_line, const void *caller, const char *name, word a, word b) {
  begin_line(how, out_line, caller);
  char *o = text(out_line->end, name);
  o = decimal(o, a);
  o = text(o, ", ");
  o = decimal(o, b);
  out_line->end = text(o, ") = ");
}

EXPORT void *calloc(size_t count, size_t size) {
  enum how how = enter();
  if (how == PASS) return real.calloc(count, size);
  struct line line;
  begin_two(how, &line, CALLER, "calloc(", count, size);
  begin_call(how, &line, locks_to_get(count * size), NULL);
  void *p = real.calloc(count, size);
  learn_arena(how, p, count * size);
  PUT(pointer, (word)p);
  end_call(how, &line, p);
  return p;
}

/* The rest of realloc and reallocarray, whose line has the arguments but for the old block's. */
static inline __attribute__((always_inline)) void *resize(enum how how, struct line *of, void *old, size_t bytes) {
  begin_call(how, of, locks_to_give(old) | locks_to_get(bytes), old);
  void *p = real.realloc(old, bytes);
  if (old == NULL) learn_arena(how, p, bytes);
  of->end = pointer(of->end, (word)p);
  /* A realloc that fails leaves the block as it is. */
  end_call(how, of, p != NULL || bytes == 0 ? p : old);
  return p;
}

EXPORT void *realloc(void *old, size_t size) {
  __builtin_prefetch((const void *)((word)old - 8));
  enum how how = enter();
  if (how == PASS) return real.realloc(old, size);
  struct line line;
  begin_line(how, &line, CALLER);
  PUT(text, "realloc(");
  PUT(pointer, (word)old);
  PUT(text, ", ");
  PUT(decimal, size);
  PUT(text, ") = ");
  return resize(how, &line, old, size);
}

EXPORT void *reallocarray(void *old, size_t count, size_t size) {
  /* Too many bytes fail in realloc. */
  size_t bytes = size != 0 && count > (size_t)-1 / size ? (size_t)-1 : count * size;
  enum how how = enter();
  if (how == PASS) return real.realloc(old, bytes);
  struct line line;
  begin_line(how, &line, CALLER);
  PUT(text, "reallocarray(");
  PUT(pointer, (word)old);
  PUT(text, ", ");
  PUT(decimal, count);
  PUT(text, ", ");
  PUT(decimal, size);
  PUT(text, ") = ");
  return resize(how, &line, old, bytes);
}

static inline void release(void *p, const void *caller) {
  /* The chunk's header is read soon, and seldom in the cache. */
  __builtin_prefetch((const void *)((word)p - 8));
  enum how how = enter();
  if (how == PASS) {
    real.free(p);
    return;
  }
  struct line line;
  begin_line(how, &line, caller);
  PUT(text, "free(");
  PUT(pointer, (word)p);
  *line.end++ = ')';
  begin_call(how, &line, locks_to_give(p), p);
  if (UNLIKELY(line.locks == ALL_LOCKS)) note_unmapped(p);
  real.free(p);
  end_call(how, &line, NULL);
}

EXPORT void free(void *p) {
  release(p, CALLER);
}

/* Until 2.25 */
EXPORT void cfree(void *p) {
  release(p, CALLER);
}

/* C23; glibc has them since 2.43. */
EXPORT void free_sized(void *p, size_t size) {
  (void)size;
  release(p, CALLER);
}

EXPORT void free_aligned_sized(void *p, size_t alignment, size_t size) {
  (void)alignment;
  (void)size;
  release(p, CALLER);
}

static inline __attribute__((always_inline)) void *align(void *(*of)(size_t, size_t), const char *name, size_t alignment, size_t size, const void *caller) {
  enum how how = enter();
  if (how == PASS) return of(alignment, size);
  struct line line;
  begin_two(how, &line, caller, name, alignment, size);
  begin_call(how, &line, locks_to_get(alignment + size), NULL);
  void *p = of(alignment, size);
  learn_arena(how, p, alignment + size);
  PUT(pointer, (word)p);
  end_call(how, &line, p);
  return p;
}

EXPORT void *memalign(size_t alignment, size_t size) {
  return align(real.memalign, "memalign(", alignment, size, CALLER);
}

/* ld.so allocates the thread-local memory of loaded objects so, until 2.25. */
EXPORT void *__libc_memalign(size_t alignment, size_t size) {
  return align(real.memalign, "memalign(", alignment, size, CALLER);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
  return align(real.aligned_alloc, "aligned_alloc(", alignment, size, CALLER);
}

EXPORT int posix_memalign(void **result, size_t alignment, size_t size) {
  enum how how = enter();
  if (how == PASS) return real.posix_memalign(result, alignment, size);
  struct line line;
  begin_two(how, &line, CALLER, "posix_memalign(", alignment, size);
  begin_call(how, &line, locks_to_get(alignment + size), NULL);
  void *p = NULL;
  int error = real.posix_memalign(&p, alignment, size);
  if (error == 0) *result = p;
  else p = NULL;
  if (error == EINVAL) {
    /* The allocator was not asked. */
    give_call_locks(line.locks);
    if (how == RECORD) set_inside(0);
    return error;
  }
  learn_arena(how, p, alignment + size);
  PUT(pointer, (word)p);
  end_call(how, &line, p);
  return error;
}

/* valloc and pvalloc */
static inline __attribute__((always_inline)) void *align_to_pages(void *(*of)(size_t), const char *name, size_t size, const void *caller) {
  enum how how = enter();
  if (how == PASS) return of(size);
  struct line line;
  begin_line(how, &line, caller);
  PUT(text, name);
  PUT(decimal, size);
  PUT(text, ") = ");
  begin_call(how, &line, locks_to_get(size + 2 * page_bytes), NULL);
  void *p = of(size);
  learn_arena(how, p, size + 2 * page_bytes);
  PUT(pointer, (word)p);
  end_call(how, &line, p);
  return p;
}

EXPORT void *valloc(size_t size) {
  return align_to_pages(real.valloc, "valloc(", size, CALLER);
}

EXPORT void *pvalloc(size_t size) {
  return align_to_pages(real.pvalloc, "pvalloc(", size, CALLER);
}

EXPORT int malloc_trim(size_t pad) {
  enum how how = enter();
  if (how == PASS) return real.malloc_trim(pad);
  struct line line;
  begin_line(how, &line, CALLER);
  PUT(text, "malloc_trim(");
  PUT(decimal, pad);
  PUT(text, ") = ");
  begin_call(how, &line, locks_of_all(), NULL);
  int result = real.malloc_trim(pad);
  PUT(signed_decimal, result);
  end_call(how, &line, NULL);
  return result;
}

EXPORT int mallopt(int parameter, int value) {
  enum how how = enter();
  if (how == PASS) return real.mallopt(parameter, value);
  struct line line;
  begin_line(how, &line, CALLER);
  PUT(text, "mallopt(");
  PUT(signed_decimal, parameter);
  PUT(text, ", ");
  PUT(signed_decimal, value);
  PUT(text, ") = ");
  begin_call(how, &line, locks_of_all(), NULL);
  int result = real.mallopt(parameter, value);
  PUT(signed_decimal, result);
  end_call(how, &line, NULL);
  return result;
}

/* Names of threads: each thread looks for a new name at its next call. */
EXPORT int pthread_setname_np(pthread_t thread, const char *name) {
  if (real.malloc == NULL) resolve();
  if (real.setname == NULL) real.setname = next_symbol("pthread_setname_np", NULL);
  int result = real.setname == NULL ? ENOSYS : real.setname(thread, name);
  __atomic_fetch_add(&renames, 1, __ATOMIC_RELAXED);
  return result;
}

EXPORT int prctl(int option, ...) {
  __builtin_va_list list;
  __builtin_va_start(list, option);
  long a = __builtin_va_arg(list, long);
  long b = __builtin_va_arg(list, long);
  long c = __builtin_va_arg(list, long);
  long d = __builtin_va_arg(list, long);
  __builtin_va_end(list);
  long result = SYS(prctl, option, a, b, c, d);
  if (option == PR_SET_NAME) __atomic_fetch_add(&renames, 1, __ATOMIC_RELAXED);
  if (failed(result)) {
    int *(*location)(void) = (int *(*)(void))next_symbol("__errno_location", NULL);
    if (location != NULL) *location() = (int)-result;
    return -1;
  }
  return (int)result;
}

/* They end a process without the functions of atexit. */
EXPORT __attribute__((noreturn)) void _exit(int status) {
  finish();
  for (;;) SYS(exit_group, status);
}

EXPORT __attribute__((noreturn)) void _Exit(int status) {
  _exit(status);
}
