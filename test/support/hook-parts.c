/*
 * The hook's parts that write text, read settings and keep blocks, called with what is at the limits of their buffers. It is
 * built with AddressSanitizer, whose malloc must not be the hook's: the hook's functions get other names.
 *
 *     hook-parts FILE
 *
 * It writes a log to FILE.
 */
#define malloc hook_malloc
#define calloc hook_calloc
#define realloc hook_realloc
#define reallocarray hook_reallocarray
#define free hook_free
#define cfree hook_cfree
#define free_sized hook_free_sized
#define free_aligned_sized hook_free_aligned_sized
#define memalign hook_memalign
#define __libc_memalign hook_libc_memalign
#define aligned_alloc hook_aligned_alloc
#define posix_memalign hook_posix_memalign
#define valloc hook_valloc
#define pvalloc hook_pvalloc
#define malloc_trim hook_malloc_trim
#define mallopt hook_mallopt
#define pthread_setname_np hook_pthread_setname_np
#define prctl hook_prctl
#define _exit hook_exit
#define _Exit hook_Exit
#include <sys/syscall.h>
#undef SYS_pwrite64
#define SYS_pwrite64 (wait_before_zeros(), __NR_pwrite64)
#undef SYS_pread64
#define SYS_pread64 (write_before_reading(), __NR_pread64)
static void wait_before_zeros(void);
static void write_before_reading(void);
#include "hook.c"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void expect(const char *what, const char *found, size_t bytes, const char *expected) {
  if (bytes == strlen(expected) && memcmp(found, expected, bytes) == 0) return;
  failures++;
  fprintf(stderr, "%s: %.*s, not %s\n", what, (int)bytes, found, expected);
}

static void expect_number(const char *what, word found, word expected) {
  if (found == expected) return;
  failures++;
  fprintf(stderr, "%s: %lu, not %lu\n", what, (unsigned long)found, (unsigned long)expected);
}

static void write_number(word value) {
  char expected[32];
  /* The longest of each, and no byte more */
  char digits[20];
  char sign[21];
  char sixteen[16];
  char address[18];
  snprintf(expected, sizeof expected, "%lu", (unsigned long)value);
  expect("decimal", digits, (size_t)(decimal(digits, value) - digits), expected);
  snprintf(expected, sizeof expected, "%ld", (long)value);
  expect("signed_decimal", sign, (size_t)(signed_decimal(sign, (long)value) - sign), expected);
  snprintf(expected, sizeof expected, "%lx", (unsigned long)value);
  expect("hexadecimal", sixteen, (size_t)(hexadecimal(sixteen, value, 1) - sixteen), expected);
  snprintf(expected, sizeof expected, "%08lx", (unsigned long)value);
  expect("hexadecimal, 8", sixteen, (size_t)(hexadecimal(sixteen, value, 8) - sixteen), expected);
  snprintf(expected, sizeof expected, "0x%lx", (unsigned long)value);
  expect("pointer", address, (size_t)(pointer(address, value) - address), expected);
  const char *hexadecimals = expected + 2;
  expect_number("read_hexadecimal", read_hexadecimal(&hexadecimals), value);
}

static void write_time(word micros) {
  char expected[32];
  char clock[15];
  snprintf(expected, sizeof expected, "%02lu:%02lu:%02lu.%06lu", (unsigned long)(micros / 3600000000 % 100),
           (unsigned long)(micros / 60000000 % 60), (unsigned long)(micros / 1000000 % 60), (unsigned long)(micros % 1000000));
  expect("clock_time", clock, (size_t)(clock_time(clock, micros) - clock), expected);
}

/* Adds and removes blocks as a table without hashing would. */
static void keep_blocks(void) {
  enum { POINTERS = 20000 };
  static word live[POINTERS];
  word state = 1;
  word count = 0;
  for (int i = 0; i < 400000; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    word n = (state >> 33) % POINTERS;
    word p = (n + 1) << (n % 3 == 0 ? 4 : 20);
    if (state >> 63) {
      count += live[n] == 0;
      live[n] = i + 1;
      add_block(p, live[n], 0);
    } else {
      count -= live[n] != 0;
      live[n] = 0;
      remove_block(p);
    }
  }
  expect_number("blocks", blocks.count, count);
  for (word n = 0; n < POINTERS; n++) {
    word p = (n + 1) << (n % 3 == 0 ? 4 : 20);
    word at = slot_of(p);
    while (blocks.slots[at].pointer != 0 && blocks.slots[at].pointer != p) at = (at + 1) & (blocks.size - 1);
    expect_number("block", blocks.slots[at].pointer == 0 ? 0 : blocks.slots[at].bytes, live[n]);
  }
  forget_blocks();
}

/* how often the next line did not fit into the window; negative: the last line is written */
static int moves;
static __thread int is_slow;

/* The thread that prepares windows loses its processor before it writes zeros. */
static void wait_before_zeros(void) {
  if (is_slow) sleep_briefly(1000000);
}

/* A thread that has seen a half full window, and prepares the next one late: just before or while another thread maps it. */
static void *prepare_windows(void *unused) {
  (void)unused;
  is_slow = 1;
  for (int seen = 0, now; (now = __atomic_load_n(&moves, __ATOMIC_ACQUIRE)) >= 0; seen = now) {
    if (now == seen) continue;
    for (int turns = now % 20 * 20; turns > 0; turns--) pause_processor();
    prepare_window();
  }
  return NULL;
}

/* Lines that are written while windows are prepared late: none may be replaced by zeros. */
static void write_while_windows_are_made(const char *path) {
  enum { LINES = 2000000, BYTES = 20 };
  pthread_t preparing;
  expect_number("open_log", (word)open_log(), 0);
  process->state = RECORDING;
  if (pthread_create(&preparing, NULL, prepare_windows, NULL) != 0) abort();
  char line[32];
  for (int i = 0; i < LINES; i++) {
    snprintf(line, sizeof line, "line %014d\n", i);
    if (process->at + BYTES + 48 > process->limit) __atomic_fetch_add(&moves, 1, __ATOMIC_RELEASE);
    expect_number("write_line", (word)write_line(line, BYTES), 1);
  }
  __atomic_store_n(&moves, -1, __ATOMIC_RELEASE);
  pthread_join(preparing, NULL);
  close_log();
  process->state = OFF;
  FILE *log = fopen(path, "r");
  int lost = log == NULL ? LINES : 0;
  for (int i = 0; lost == 0 && i < LINES; i++) {
    char found[BYTES + 1] = {0};
    snprintf(line, sizeof line, "line %014d\n", i);
    lost += fread(found, 1, BYTES, log) != BYTES || strcmp(found, line) != 0;
  }
  expect_number("lines lost", (word)lost, 0);
  expect_number("the log's end", log == NULL ? 0 : (word)fgetc(log), (word)EOF);
  if (log != NULL) fclose(log);
}

enum { REGION_PAGES = 3000 };

/* Memory of which the program writes a page before each reading of the page map, from the last one down. */
static struct {
  char *start;
  word unwritten_pages;
} written_late[8];
static size_t late_count;

static void write_before_reading(void) {
  for (size_t i = 0; i < late_count; i++) {
    if (written_late[i].unwritten_pages == 0) continue;
    written_late[i].start[--written_late[i].unwritten_pages * page_bytes] = 1;
  }
}

/* Blocks one behind another, each behind data of glibc that make its first page resident. All other pages are written late. */
static void add_blocks_written_late(char *start, int are_mapped) {
  enum { PAGES = 125 };
  word bytes = PAGES * page_bytes;
  written_late[late_count].start = start;
  written_late[late_count++].unwritten_pages = REGION_PAGES;
  for (word at = (word)start; at < (word)start + REGION_PAGES * page_bytes; at += bytes) {
    word data[] = {at, 0, REGION_PAGES * page_bytes, REGION_PAGES * page_bytes};
    memcpy((char *)at, data, sizeof data);
    add_block(at + sizeof data, bytes - sizeof data, are_mapped ? at : 0);
  }
}

/* Returns the bytes of all holes in a log, and those that its samples name. */
static word holes_and(const char *name, const char *path) {
  static char line[1 << 20];
  word bytes = 0;
  FILE *log = fopen(path, "r");
  if (log == NULL) return 0;
  while (fgets(line, sizeof line, log) != NULL) {
    const char *value = strstr(line, name);
    if (after(line, "# rss ") != NULL && value != NULL) bytes += strtoul(value + strlen(name), NULL, 10);
    if (after(line, "# hole ") == NULL) continue;
    for (const char *s = strchr(line, '+'); s != NULL; s = strchr(s + 1, '+')) bytes += strtoul(s + 1, NULL, 10);
  }
  fclose(log);
  return bytes;
}

/* A program that writes while it is measured: each page of its blocks is either counted, or in a hole that is stated. */
static void measure_while_written(const char *path) {
  enum { HEAPS = 3 };
  word bytes = REGION_PAGES * page_bytes;
  word missing = (word)sbrk(0) % page_bytes;
  char *main_heap = sbrk((long)(bytes + (missing == 0 ? 0 : page_bytes - missing)));
  main_heap += missing == 0 ? 0 : page_bytes - missing;
  char *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *reserved = mmap(NULL, (HEAPS + 1) * (word)HEAP_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (main_heap == (void *)-1 || mapping == MAP_FAILED || reserved == MAP_FAILED) abort();
  is_glibc = 1;
  config.min_hole = config.smallest_noted = page_bytes;
  heap_start = (word)main_heap;
  open_pagemap();
  const struct {
    const char *name;
    word pages;
  } kinds[] = {{" heap=", REGION_PAGES}, {" mapped=", REGION_PAGES}, {" arenas=", HEAPS * REGION_PAGES}};
  for (int kind = 0; kind < 3; kind++) {
    expect_number("open_log", (word)open_log(), 0);
    process->state = RECORDING;
    if (kind == 0) add_blocks_written_late(main_heap, 0);
    if (kind == 1) add_blocks_written_late(mapping, 1);
    /* Not in the order of their addresses */
    for (word i = 1; kind == 2 && i <= HEAPS; i++) {
      char *heap = (char *)heap_of(reserved) + (1 + i % HEAPS) * (word)HEAP_BYTES;
      mprotect(heap, bytes, PROT_READ | PROT_WRITE);
      add_blocks_written_late(heap, 0);
      meet_heap((word)heap);
    }
    sample(0);
    late_count = 0;
    forget_blocks();
    close_log();
    process->state = OFF;
    expect_number(kinds[kind].name, holes_and(kinds[kind].name, path), kinds[kind].pages * page_bytes);
    unlink(path);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  fill_pairs();
  self.second = (word)-1;
  for (int shift = 0; shift < 64; shift++)
    for (word less = 0; less < 3; less++) write_number(((word)1 << shift) - less + 1);
  for (word power = 1, i = 0; i < 20; i++, power *= 10)
    for (word less = 0; less < 2; less++) write_number(power - less);
  write_number((word)-1);
  const word micros[] = {0, 1, 99, 999999, 1000000, 59999999, 60000000, 3599999999, 3600000000, 359999999999, 360000000000};
  for (size_t i = 0; i < sizeof micros / sizeof *micros; i++) write_time(micros[i]);

  char ten[10];
  expect("safe_text", ten, (size_t)(safe_text(ten, "a\tb\x7f""c\xff" "defghijkl", 10) - ten), "a?b?c\xff" "defg");
  expect("safe_text, a line", ten, (size_t)(safe_text(ten, "ab\ncd", 10) - ten), "ab");
  expect_number("read_duration", read_duration("1.5s"), 1500000);
  expect_number("read_duration", read_duration("250ms"), 250000);
  expect_number("read_duration", read_duration("2m"), 120000000);
  expect_number("read_duration", read_duration(""), 0);
  expect_number("read_duration", read_duration("99999999999999999999999h"), read_duration("99999999999999999999999h"));
  expect_number("read_size", read_size("1.5GiB"), 3 * (word)1 << 29);
  expect_number("read_size", read_size("64K"), 65536);
  expect_number("read_size", read_size("99999999999999999999T"), read_size("99999999999999999999T"));
  expect_number("count_list", count_list("0-3,8,10-11"), 7);
  expect_number("count_list", count_list("-,x"), 0);
  expect_number("signal_number", (word)signal_number("SIGUSR1"), SIGUSR1);
  expect_number("signal_number", (word)signal_number("RTMIN+3"), 37);
  expect_number("signal_number", (word)signal_number("999"), 0);
  expect_number("bin_bit", bin_bit(32), 1);
  expect_number("bin_bit", bin_bit(1040), (word)1 << 63);
  expect_number("bin_bit", bin_bit(1056), 0);
  keep_blocks();
  text(config.out, argv[1])[0] = 0;
  measure_while_written(argv[1]);
  write_while_windows_are_made(argv[1]);
  return failures == 0 ? 0 : 1;
}
