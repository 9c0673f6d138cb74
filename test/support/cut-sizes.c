/*
 * A program with blocks of 4 GiB and more, which it never writes. Two simple hooks log it at once: one prints sizes with
 * %zu, the other with %u.
 *
 *     cut-sizes WHOLE.log CUT.log ROUNDS
 *
 * The hooks are part of the program.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

static int whole, cut;

#define LOG(to, ...) (void)!write(to, line, snprintf(line, sizeof line, __VA_ARGS__))

void *malloc(size_t n) {
  void *p = __libc_malloc(n);
  char line[128];
  if (!whole) return p;
  LOG(whole, "1 malloc(%zu) = %p\n", n, p);
  LOG(cut, "1 malloc(%u) = %p\n", (unsigned)n, p);
  return p;
}

void *calloc(size_t n, size_t m) {
  void *p = __libc_calloc(n, m);
  char line[128];
  if (!whole) return p;
  LOG(whole, "1 calloc(%zu, %zu) = %p\n", n, m, p);
  LOG(cut, "1 calloc(%u, %u) = %p\n", (unsigned)n, (unsigned)m, p);
  return p;
}

void *realloc(void *p, size_t n) {
  void *q = __libc_realloc(p, n);
  char line[128];
  if (!whole) return q;
  LOG(whole, "1 realloc(%p, %zu) = %p\n", p, n, q);
  LOG(cut, "1 realloc(%p, %u) = %p\n", p, (unsigned)n, q);
  return q;
}

void free(void *p) {
  char line[128];
  if (whole) {
    LOG(whole, "1 free(%p)\n", p);
    LOG(cut, "1 free(%p)\n", p);
  }
  __libc_free(p);
}

static const size_t GiB = (size_t)1 << 30;
static void *small[400];

static void use_small(unsigned seed) {
  for (int i = 0; i < 400; i++) {
    seed = seed * 1664525u + 1013904223u;
    if (seed >> 30 == 0) {
      free(small[i]);
      small[i] = NULL;
    } else if (small[i] == NULL) {
      size_t n = 16 + (seed >> 8) % 1500;
      small[i] = malloc(n);
      memset(small[i], 1, n);
    }
  }
}

/* Returns how many allocations of large blocks failed. */
static int large(unsigned round) {
  void *had[5];
  /* Printed as 100 bytes, which would come from the heap. */
  had[0] = malloc(4 * GiB + 100);
  use_small(7 * round + 1);
  /* Printed as 1 GiB, which is mmapped, too: its extent shows that it is larger. */
  had[1] = malloc(5 * GiB);
  had[2] = calloc(1, 4 * GiB + 24);
  had[3] = calloc(3, 4 * GiB / 3 + 4 * GiB);
  use_small(7 * round + 2);
  free(had[1]);
  had[1] = malloc(8 * GiB);
  had[4] = realloc(malloc(300), 4 * GiB);
  use_small(7 * round + 3);
  free(had[2]);
  free(had[1]);
  had[2] = malloc(4 * GiB + 5000000);
  had[1] = malloc(100000);
  use_small(7 * round + 4);
  int missing = 0;
  for (int i = 0; i < 5; i++) missing += had[i] == NULL;
  /* The last round's blocks stay live. */
  for (int i = 0; i < 5 && round > 0; i++) free(had[i]);
  return missing;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int to = open(argv[1], O_CREAT | O_TRUNC | O_WRONLY, 0600);
  cut = open(argv[2], O_CREAT | O_TRUNC | O_WRONLY, 0600);
  whole = to;
  use_small(1);
  char *megabyte = malloc(1 << 20);
  memset(megabyte, 1, 1 << 20);
  int missing = 0;
  for (int round = atoi(argv[3]) - 1; round >= 0; round--) missing += large(round);
  return missing;
}
