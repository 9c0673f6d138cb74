/*
 * A program whose calls of malloc and free are logged by one hook for all its processes, as a simple LD_PRELOAD hook
 * does that opens its log once: it forks, and parent and child write to the same log.
 *
 *     forks STEPS >log
 *
 * Here the hook is in the program itself.
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

/* Read end: of this process; write end: of the other one. -1 before the fork. */
static int from_other = -1, to_other;

/* The processes take their steps in groups that begin together: their lines mix, however loaded the machine is. */
static void wait_for_other(void) {
  char token = 0;
  if (from_other < 0) return;
  write(to_other, &token, 1);
  read(from_other, &token, 1);
}

static void work(uint32_t state, int steps) {
  for (int i = 0; i < steps; i++) {
    state = state * 1664525u + 1013904223u;
    int slot = state >> 26;
    if (blocks[slot] != NULL) free(blocks[slot]);
    blocks[slot] = malloc(16 + (state >> 8) % 700);
    if (i % 8 == 0) wait_for_other();
  }
}

int main(int argc, char **argv) {
  int steps = argc > 1 ? atoi(argv[1]) : 1000;
  logs = 1;
  work(1, steps);
  int up[2], down[2];
  if (pipe(up) != 0 || pipe(down) != 0) return 1;
  pid_t child = fork();
  if (child < 0) return 1;
  from_other = child == 0 ? down[0] : up[0];
  to_other = child == 0 ? up[1] : down[1];
  work(child == 0 ? 2 : 3, steps);
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
  return 0;
}
