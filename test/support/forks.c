/*
 * A program that forks, so that parent and child write to the same log, as with a simple LD_PRELOAD hook that opens its
 * log once.
 *
 *     forks STEPS >log
 *
 * The hook is part of the program.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void __libc_free(void *);

static int logs;

void *malloc(size_t bytes) {
  void *p = __libc_malloc(bytes);
  char line[96];
  if (logs) write(1, line, snprintf(line, sizeof line, "%d malloc(%zu)\t= %p\n", gettid(), bytes, p));
  return p;
}

void free(void *p) {
  char line[96];
  if (logs) write(1, line, snprintf(line, sizeof line, "%d free(%p)\n", gettid(), p));
  __libc_free(p);
}

enum { BLOCKS = 64 };
static void *blocks[BLOCKS];

static void work(uint32_t state, int steps) {
  for (int i = 0; i < steps; i++) {
    state = state * 1664525u + 1013904223u;
    int slot = state >> 26;
    if (blocks[slot] != NULL) free(blocks[slot]);
    blocks[slot] = malloc(16 + (state >> 8) % 700);
    /* Lets the other process run. */
    if (i % 8 == 0) usleep(1);
  }
}

int main(int argc, char **argv) {
  int steps = argc > 1 ? atoi(argv[1]) : 1000;
  logs = 1;
  work(1, steps);
  pid_t child = fork();
  if (child < 0) return 1;
  work(child == 0 ? 2 : 3, steps);
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
  return 0;
}
