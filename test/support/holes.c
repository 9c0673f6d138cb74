/*
 * A program that logs its own calls, the pages of its blocks that it never wrote, and how much of its heap is resident.
 *
 *     holes SEED STEPS EVERY pagemap|writes >log
 *
 * It allocates, resizes and frees blocks at random, and writes them whole, in part, in places, late, or never. Before a
 * free or realloc, at each EVERYth step (with the RSS that /proc/self/pagemap shows) and at the end it logs the unwritten
 * pages of its larger blocks as holes. With `pagemap` the kernel decides which pages are unwritten; with `writes` the
 * program's own records do: a page that an earlier block's owner wrote is then a hole, too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, MIN_BYTES = 4096, BLOCKS = 48, MOST = 1 << 20, GRAIN = 16 };

struct block {
  char *p;
  size_t bytes;
};

static struct block blocks[BLOCKS];
/* For each block a byte for each GRAIN bytes (which never span two pages): 1 if this program wrote them. */
static unsigned char (*writes)[MOST / GRAIN];
static int pagemap;
static uint64_t zeros; /* frame of the shared zero page */
static int reads_count;
static int by_kernel;
static char *heap_start;
static uint64_t state;
static char out[1 << 16];
static size_t used;

static uint32_t draw(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 20) % below;
}

static void flush(void) {
  if (write(1, out, used) != (ssize_t)used) _exit(1);
  used = 0;
}

#define LOG(...)                                                        \
  do {                                                                  \
    if (used > sizeof out - 256) flush();                               \
    used += (size_t)snprintf(out + used, sizeof out - used, __VA_ARGS__); \
  } while (0)

static uint64_t entry_of(const char *page) {
  uint64_t entry = 0;
  if (pread(pagemap, &entry, 8, (off_t)((uintptr_t)page / PAGE * 8)) != 8) _exit(2);
  return entry;
}

static uint64_t frame(uint64_t entry) {
  return entry & (((uint64_t)1 << 55) - 1);
}

/* Resident: present, and not the shared zero page. Without the privilege to see frames (they are 0), bit 56, "exclusively
   mapped", decides; some kernels set it for the zero page, too. */
static int resident(const char *page) {
  uint64_t entry = entry_of(page);
  if (!(entry >> 63 & 1)) return 0;
  if (reads_count) return 1;
  return zeros ? frame(entry) != zeros : entry >> 56 & 1;
}

/* Pages that are read before they are written have the frame of the shared zero page. A kernel without one gives each a
   frame of its own: there, reading makes a page resident. */
static void find_zeros(void) {
  const volatile char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) _exit(3);
  (void)pages[0];
  (void)pages[PAGE];
  zeros = frame(entry_of((const char *)pages));
  reads_count = zeros != frame(entry_of((const char *)pages + PAGE));
}

static int written(int i, size_t from, size_t to) {
  for (size_t at = from / GRAIN; at <= (to - 1) / GRAIN; at++)
    if (writes[i][at]) return 1;
  return 0;
}

static void log_holes(int i) {
  const struct block *b = &blocks[i];
  if (b->p == NULL || b->bytes < MIN_BYTES || (uintptr_t)b->p / PAGE == ((uintptr_t)b->p + b->bytes - 1) / PAGE) return;
  int any = 0;
  size_t start = 0, end = 0;
  for (size_t from = 0; from <= b->bytes;) {
    size_t to = from + PAGE - ((uintptr_t)b->p + from) % PAGE;
    if (to > b->bytes) to = b->bytes;
    int hole = from < b->bytes && (by_kernel ? !resident(b->p + from) : !written(i, from, to));
    if (hole && end == start) start = from;
    if (hole) end = to;
    if (!hole && end > start) {
      if (any) LOG(",%zu+%zu", start, end - start);
      else LOG("# hole %p %zu+%zu", (void *)b->p, start, end - start);
      any = 1;
      start = end = 0;
    }
    if (from == b->bytes) break;
    from = to;
  }
  if (any) LOG("\n");
}

static void sample(void) {
  long pages = 0;
  for (int i = 0; i < BLOCKS; i++) log_holes(i);
  uintptr_t brk = (uintptr_t)sbrk(0);
  for (uintptr_t page = (uintptr_t)heap_start / PAGE * PAGE; page < brk; page += PAGE) pages += resident((char *)page);
  for (int i = 0; i < BLOCKS; i++) {
    if (blocks[i].p == NULL) continue;
    size_t *chunk = (size_t *)blocks[i].p - 2;
    if (!(chunk[1] & 2)) continue;
    char *from = (char *)chunk - chunk[0];
    char *to = (char *)chunk + (chunk[1] & ~(size_t)7);
    for (char *page = from; page < to; page += PAGE) pages += resident(page);
  }
  LOG("# rss %ld\n", pages * PAGE);
}

static void fill(int i, size_t from, size_t to) {
  if (to > blocks[i].bytes) to = blocks[i].bytes;
  from = from / GRAIN * GRAIN;
  if (from >= to) return;
  memset(blocks[i].p + from, 1, to - from);
  memset(&writes[i][from / GRAIN], 1, (to - 1) / GRAIN - from / GRAIN + 1);
}

/* Writes block i from byte `from` on: whole, in part, in places, or not at all. */
static void touch(int i, size_t from) {
  size_t rest = blocks[i].bytes - from;
  if (rest == 0) return;
  switch (draw(5)) {
    case 0: fill(i, from, blocks[i].bytes); break;
    case 1: fill(i, from, from + draw((uint32_t)rest) + 1); break;
    case 2: fill(i, from + draw((uint32_t)rest), blocks[i].bytes); break;
    case 3:
      for (int n = 0; n < 6; n++) {
        size_t at = from + draw((uint32_t)rest);
        fill(i, at, at + GRAIN);
      }
      break;
  }
}

static size_t draw_size(void) {
  size_t most = (size_t)64 << draw(15);
  return 1 + draw((uint32_t)(most > MOST ? MOST : most));
}

static void take(int i) {
  struct block *b = &blocks[i];
  b->bytes = draw_size();
  memset(writes[i], 0, sizeof writes[i]);
  switch (draw(8)) {
    case 0:
      b->p = calloc(1, b->bytes);
      LOG("1 calloc(1, %zu) = %p\n", b->bytes, (void *)b->p);
      break;
    case 1: {
      size_t align = (size_t)32 << draw(8);
      b->p = memalign(align, b->bytes);
      LOG("1 memalign(%zu, %zu) = %p\n", align, b->bytes, (void *)b->p);
      break;
    }
    default:
      b->p = malloc(b->bytes);
      LOG("1 malloc(%zu) = %p\n", b->bytes, (void *)b->p);
  }
  touch(i, 0);
}

static void resize(int i) {
  struct block *b = &blocks[i];
  size_t before = b->bytes;
  /* A move reads the block. Where that makes pages resident, the block must be written before. */
  if (reads_count) fill(i, 0, b->bytes);
  log_holes(i);
  b->bytes = draw(2) ? draw_size() : before + before / 2;
  if (b->bytes > MOST) b->bytes = MOST;
  LOG("1 realloc(%p, %zu) = ", (void *)b->p, b->bytes);
  b->p = realloc(b->p, b->bytes);
  LOG("%p\n", (void *)b->p);
  if (b->bytes < before) {
    memset(&writes[i][(b->bytes + GRAIN - 1) / GRAIN], 0, sizeof writes[i] - (b->bytes + GRAIN - 1) / GRAIN);
  } else {
    touch(i, before);
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
  int steps = atoi(argv[2]), every = atoi(argv[3]);
  by_kernel = strcmp(argv[4], "pagemap") == 0;
  heap_start = sbrk(0);
  pagemap = open("/proc/self/pagemap", O_RDONLY);
  writes = mmap(NULL, sizeof *writes * BLOCKS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pagemap < 0 || writes == MAP_FAILED) return 3;
  find_zeros();
  LOG("# heap %p\n# holes min=%d\n", (void *)heap_start, MIN_BYTES);
  for (int step = 1; step <= steps; step++) {
    int i = (int)draw(BLOCKS);
    if (blocks[i].p == NULL) {
      take(i);
    } else {
      switch (draw(4)) {
        case 0: resize(i); break;
        case 1: touch(i, draw((uint32_t)blocks[i].bytes)); break;
        default:
          log_holes(i);
          LOG("1 free(%p)\n", (void *)blocks[i].p);
          free(blocks[i].p);
          blocks[i].p = NULL;
      }
    }
    if (step % every == 0) sample();
  }
  sample();
  flush();
  return 0;
}
