/*
 * A C program for the task of mallog --no-model: reads a log of malloc calls from standard input, and prints for each
 * thread, in the order of appearance, its calls, the bytes it requested, and the times of its first and last call.
 *
 *     parse-log [live]
 *
 * `tid mallocs callocs reallocs frees bytes first last` for each thread, times in µs; then `malformed lines` and `bits` of
 * the longest address. With `live` also the thread's live bytes and blocks, which needs a lookup of every pointer.
 *
 * It accepts exactly the lines that mallog's fast path accepts; all others count as malformed.
 */
#define _GNU_SOURCE /* memrchr */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 20, MAX_THREADS = 4096, TID_SLOTS = 4 * MAX_THREADS };
enum { MALLOC, CALLOC, REALLOC, FREE, CALLS };

struct thread {
  uint64_t tid, calls[CALLS], volume, first, last, live_bytes, live_blocks;
};
static struct thread threads[MAX_THREADS];
static unsigned thread_count;
/* Index of a thread + 1, by its tid; open addressing. */
static uint16_t thread_of_tid[TID_SLOTS];

struct line {
  uint64_t tid, time, caller, size, in, out;
  int call;
};

/* The thread that made the call. */
static struct thread *thread_of(const struct line *line) {
  unsigned slot = (unsigned)(line->tid % TID_SLOTS);
  for (;; slot = (slot + 1) % TID_SLOTS) {
    unsigned index = thread_of_tid[slot];
    if (index == 0) break;
    if (threads[index - 1].tid == line->tid) return &threads[index - 1];
  }
  if (thread_count == MAX_THREADS) exit(3);
  thread_of_tid[slot] = (uint16_t)++thread_count;
  struct thread *thread = &threads[thread_count - 1];
  thread->tid = line->tid;
  thread->first = line->time;
  return thread;
}

/* ---- live blocks ------------------------------------------------------------------------------------------------- */

struct block {
  uint64_t pointer; /* 0: no block */
  uint64_t size : 48, owner : 16;
};
static struct block *blocks;
static unsigned block_bits;
static size_t block_count;

static size_t home_of(uint64_t pointer) { return (size_t)(pointer * 0x9e3779b97f4a7c15u >> (64 - block_bits)); }

static struct block *find_block(uint64_t pointer) {
  size_t mask = ((size_t)1 << block_bits) - 1;
  size_t slot = home_of(pointer);
  while (blocks[slot].pointer != pointer && blocks[slot].pointer != 0) slot = (slot + 1) & mask;
  return &blocks[slot];
}

static void make_table(unsigned bits) {
  block_bits = bits;
  blocks = calloc((size_t)1 << bits, sizeof *blocks);
  if (blocks == NULL) exit(3);
}

static void grow_table(void) {
  struct block *old = blocks;
  size_t slots = (size_t)1 << block_bits;
  make_table(block_bits + 1);
  for (size_t i = 0; i < slots; i++)
    if (old[i].pointer != 0) *find_block(old[i].pointer) = old[i];
  free(old);
}

static void remove_block(uint64_t pointer) {
  struct block *block = find_block(pointer);
  if (block->pointer == 0) return;
  struct thread *owner = &threads[block->owner];
  owner->live_bytes -= block->size;
  owner->live_blocks--;
  block_count--;
  /* Later blocks of the probe sequence move back into the gap if their home slot allows it. */
  size_t mask = ((size_t)1 << block_bits) - 1;
  size_t gap = (size_t)(block - blocks);
  for (size_t at = (gap + 1) & mask; blocks[at].pointer != 0; at = (at + 1) & mask) {
    if (((at - home_of(blocks[at].pointer)) & mask) < ((at - gap) & mask)) continue;
    blocks[gap] = blocks[at];
    gap = at;
  }
  blocks[gap].pointer = 0;
}

static void add_block(uint64_t pointer, uint64_t size, struct thread *owner) {
  remove_block(pointer); /* its free is missing in the log */
  if (2 * ++block_count > (size_t)1 << block_bits) grow_table();
  struct block *block = find_block(pointer);
  block->pointer = pointer;
  block->size = size;
  block->owner = (uint64_t)(owner - threads) & 0xffff;
  owner->live_bytes += size;
  owner->live_blocks++;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static inline const char *read_decimal(const char *at, uint64_t *value) {
  const char *start = at;
  uint64_t sum = 0;
  for (unsigned digit; (digit = (unsigned)(*at - '0')) <= 9; at++) sum = sum * 10 + digit;
  *value = sum;
  return at - start >= 1 && at - start <= 9 ? at : NULL;
}

/* Value of a hexadecimal digit by byte; 16 for all other bytes. */
static uint8_t hex_digit[256];

static inline const char *read_hexadecimal(const char *at, uint64_t *value) {
  if (at[0] != '0' || at[1] != 'x') return NULL;
  const char *start = at += 2;
  uint64_t sum = 0;
  for (unsigned digit; (digit = hex_digit[(uint8_t)*at]) < 16; at++) sum = sum << 4 | digit;
  *value = sum;
  return at - start >= 1 && at - start <= 16 ? at : NULL;
}

static inline int are_digits(const char *at, int count) {
  for (int i = 0; i < count; i++)
    if ((unsigned)(at[i] - '0') > 9) return 0;
  return 1;
}

static inline unsigned two_digits(const char *at) { return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0'); }

/* `HH:MM:SS.ffffff [` */
static inline const char *read_time(const char *at, uint64_t *micros) {
  if (!are_digits(at, 2) || at[2] != ':' || !are_digits(at + 3, 2) || at[5] != ':' || !are_digits(at + 6, 2)) return NULL;
  if (at[8] != '.' || !are_digits(at + 9, 6) || at[15] != ' ') return NULL;
  unsigned minutes = two_digits(at + 3), seconds = two_digits(at + 6);
  if (minutes > 59 || seconds > 60) return NULL;
  unsigned fraction = two_digits(at + 9) * 10000 + two_digits(at + 11) * 100 + two_digits(at + 13);
  *micros = (two_digits(at) * 3600u + minutes * 60 + seconds) * (uint64_t)1000000 + fraction;
  return at + 16;
}

static inline const char *read_second_decimal(const char *at, uint64_t *value) {
  return at != NULL && at[0] == ',' && at[1] == ' ' ? read_decimal(at + 2, value) : NULL;
}

/* `name(arguments`; only free has no result */
static inline const char *read_call(const char *at, struct line *line) {
  uint64_t count = 0;
  line->size = line->in = line->out = 0;
  if (memcmp(at, "malloc(", 7) == 0) {
    line->call = MALLOC;
    return read_decimal(at + 7, &line->size);
  }
  if (memcmp(at, "free(", 5) == 0) {
    line->call = FREE;
    return read_hexadecimal(at + 5, &line->in);
  }
  if (memcmp(at, "realloc(", 8) == 0) {
    line->call = REALLOC;
    return read_second_decimal(read_hexadecimal(at + 8, &line->in), &line->size);
  }
  if (memcmp(at, "calloc(", 7) != 0) return NULL;
  line->call = CALLOC;
  at = read_second_decimal(read_decimal(at + 7, &count), &line->size);
  line->size *= count;
  return at;
}

/* Reads the line at `at`. Returns the start of the next line, or NULL. It never reads past the newline, which fits no rule
   before the end. */
static inline const char *read_line(const char *at, struct line *line) {
  if ((at = read_decimal(at, &line->tid)) == NULL || *at++ != ' ') return NULL;
  if ((at = read_time(at, &line->time)) == NULL || *at++ != '[') return NULL;
  if ((at = read_hexadecimal(at, &line->caller)) == NULL || at[0] != ']' || at[1] != ' ') return NULL;
  if ((at = read_call(at + 2, line)) == NULL || *at++ != ')') return NULL;
  if (line->call != FREE) {
    if ((at[0] != ' ' && at[0] != '\t') || at[1] != '=' || at[2] != ' ') return NULL;
    if ((at = read_hexadecimal(at + 3, &line->out)) == NULL) return NULL;
  }
  if (*at == '\r') at++;
  return *at == '\n' ? at + 1 : NULL;
}

/* all bits of all addresses */
static uint64_t addresses;

static void count_line(const struct line *line, int live) {
  struct thread *thread = thread_of(line);
  thread->calls[line->call]++;
  thread->last = line->time;
  addresses |= line->caller | line->in | line->out;
  if (line->call == FREE) {
    if (live && line->in != 0) remove_block(line->in);
    return;
  }
  int is_freed = line->call == REALLOC && line->in != 0 && (line->out != 0 || line->size == 0);
  if (live && is_freed) remove_block(line->in);
  if (line->out == 0) return;
  thread->volume += line->size;
  if (live) add_block(line->out, line->size, thread);
}

/* Counts the lines from `at` to `end`, of which the last one is complete. Returns the number of malformed ones. */
static uint64_t count_lines(const char *at, const char *end, int live) {
  uint64_t malformed = 0;
  struct line line;
  while (at < end) {
    const char *next = read_line(at, &line);
    if (next != NULL) {
      count_line(&line, live);
    } else {
      malformed++;
      next = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    }
    at = next;
  }
  return malformed;
}

int main(int argc, char **argv) {
  int live = argc > 1 && strcmp(argv[1], "live") == 0;
  for (int i = 0; i < 256; i++) hex_digit[i] = 16;
  for (int i = 0; i < 16; i++) hex_digit[(uint8_t)"0123456789abcdef"[i]] = hex_digit[(uint8_t)"0123456789ABCDEF"[i]] = (uint8_t)i;
  if (live) make_table(16);

  static char bytes[2 * READ_BYTES + 64]; /* names are compared up to 8 bytes past a newline */
  size_t kept = 0; /* bytes of the line that the last read cut off */
  uint64_t malformed = 0;
  for (ssize_t got; (got = read(0, bytes + kept, READ_BYTES)) > 0;) {
    const char *end = bytes + kept + got;
    const char *last = (const char *)memrchr(bytes, '\n', (size_t)(end - bytes));
    const char *rest = last == NULL ? bytes : last + 1;
    malformed += count_lines(bytes, rest, live);
    kept = (size_t)(end - rest);
    if (kept > READ_BYTES) return 3;
    memmove(bytes, rest, kept);
  }
  if (kept > 0) {
    bytes[kept] = '\n';
    malformed += count_lines(bytes, bytes + kept + 1, live);
  }

  for (unsigned i = 0; i < thread_count; i++) {
    const struct thread *t = &threads[i];
    printf("%lu", (unsigned long)t->tid);
    for (int call = 0; call < CALLS; call++) printf(" %lu", (unsigned long)t->calls[call]);
    printf(" %lu %lu %lu", (unsigned long)t->volume, (unsigned long)t->first, (unsigned long)t->last);
    if (live) printf(" %lu %lu", (unsigned long)t->live_bytes, (unsigned long)t->live_blocks);
    printf("\n");
  }
  printf("malformed %lu\nbits %d\n", (unsigned long)malformed, addresses >> 32 == 0 ? 32 : 64);
  return 0;
}
