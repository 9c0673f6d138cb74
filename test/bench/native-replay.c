/*
 * Makes the calls of a file (calls-file.ts has the layout) with this machine's malloc. Prints the user time of the calls
 * after the preparation in µs, and the number of live blocks at the end.
 *
 *     native-replay CALLS
 *
 * The program writes to none of its blocks: only the allocator's own work is timed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* as Action in src/trace/actions.ts */
enum { MALLOC = 1, CALLOC, REALLOC, MEMALIGN, FREE = 7 };

struct call { uint32_t action, block, size, align; };
struct calls { uint32_t count, blocks, prepared, unused; struct call call[]; };

/* Mapped, so that the heap stays empty: only the file's calls use malloc until all of them are made. */
static void *map(size_t bytes, int fd) {
  int flags = MAP_PRIVATE | MAP_POPULATE | (fd < 0 ? MAP_ANONYMOUS : 0);
  void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (mapped == MAP_FAILED) _Exit(3);
  return mapped;
}

static int64_t user_micros(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec * (int64_t)1000000 + usage.ru_utime.tv_usec;
}

static void make_calls(const struct call *call, const struct call *end, void **blocks) {
  for (; call < end; call++) {
    void **block = &blocks[call->block];
    switch (call->action) {
      case MALLOC: *block = malloc(call->size); break;
      case CALLOC: *block = calloc(1, call->size); break;
      case REALLOC: *block = realloc(*block, call->size); break;
      case MEMALIGN: *block = memalign(call->align, call->size); break;
      case FREE: free(*block); *block = NULL; break;
      default: _Exit(2);
    }
  }
}

int main(int argc, char **argv) {
  int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
  struct stat file;
  if (fd < 0 || fstat(fd, &file) < 0 || (size_t)file.st_size < sizeof(struct calls)) return 2;
  const struct calls *calls = map((size_t)file.st_size, fd);
  if ((size_t)file.st_size != sizeof *calls + calls->count * sizeof *calls->call) return 2;
  void **blocks = map(calls->blocks * sizeof *blocks, -1);

  make_calls(calls->call, calls->call + calls->prepared, blocks);
  int64_t start = user_micros();
  make_calls(calls->call + calls->prepared, calls->call + calls->count, blocks);
  int64_t micros = user_micros() - start;

  uint32_t live = 0;
  for (uint32_t i = 0; i < calls->blocks; i++) live += blocks[i] != NULL;
  printf("%ld %u\n", (long)micros, live);
  return 0;
}
