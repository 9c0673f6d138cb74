/* Two threads fill their arenas, one after the other; the program stops in stop_here(), where a debugger looks at its bins,
   and then calls malloc_trim(0) between two writes, where a tracer sees what is returned. */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOTS = 600, STEPS = 6000 };

static pthread_barrier_t worked, stopped;
static void *slots[2][SLOTS];
static unsigned states[2] = {7, 11};

/* read by the debugger: a block of the second thread's arena */
void *volatile worker_block;

void __attribute__((noinline)) stop_here(void) { __asm__ volatile("" ::: "memory"); }

static unsigned next(int who) { return (states[who] = states[who] * 1103515245u + 12345u) >> 8; }

static size_t pick_size(int who) {
  unsigned kind = next(who) % 20;
  if (kind < 12) return 16 + next(who) % 150;
  if (kind < 19) return 200 + next(who) % 3000;
  return 20000 + next(who) % 60000;
}

static void work(int who) {
  for (int i = 0; i < STEPS; i++) {
    int slot = next(who) % SLOTS;
    if (slots[who][slot] != NULL) {
      free(slots[who][slot]);
      slots[who][slot] = NULL;
    } else {
      size_t bytes = pick_size(who);
      slots[who][slot] = malloc(bytes);
      memset(slots[who][slot], 1, bytes);
    }
  }
}

static void *worker(void *unused) {
  (void)unused;
  work(1);
  worker_block = malloc(100);
  pthread_barrier_wait(&worked);
  pthread_barrier_wait(&stopped);
  return NULL;
}

int main(void) {
  pthread_t thread;
  pthread_barrier_init(&worked, NULL, 2);
  pthread_barrier_init(&stopped, NULL, 2);
  pthread_create(&thread, NULL, worker, NULL);
  pthread_barrier_wait(&worked);
  work(0);
  stop_here();
  if (write(2, "before trim\n", 12) != 12) return 1;
  malloc_trim(0);
  if (write(2, "after trim\n", 11) != 11) return 1;
  pthread_barrier_wait(&stopped);
  pthread_join(thread, NULL);
  return 0;
}
