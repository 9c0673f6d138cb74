/*
 * A program that is hard to record: threads allocate, resize and free each other's blocks while signals arrive, the process
 * forks in the middle, closes all its files, renames threads, loads a library, and ends with threads still running.
 *
 *     hook-stress THREADS ROUNDS
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHARED = 4096, MOST_THREADS = 256 };

static void *shared[SHARED];
static int rounds;
static volatile sig_atomic_t ticks;

static void tick(int number) {
  (void)number;
  ticks++;
}

static uint32_t draw(uint64_t *state, uint32_t below) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 33) % below;
}

static size_t draw_size(uint64_t *state) {
  return draw(state, 200) == 0 ? 1 + draw(state, 400000) : 1 + draw(state, 2000);
}

static void churn(uint64_t *state, int steps) {
  for (int i = 0; i < steps; i++) {
    size_t bytes = draw_size(state);
    void *p;
    switch (draw(state, 8)) {
      case 0: p = calloc(1, bytes); break;
      case 1: p = realloc(malloc(bytes), draw_size(state)); break;
      case 2: if (posix_memalign(&p, 64, bytes) != 0) p = NULL; break;
      case 3: p = aligned_alloc(4096, 8192); break;
      default: p = malloc(bytes);
    }
    if (p == NULL) exit(3);
    memset(p, 1, 1);
    free(__atomic_exchange_n(&shared[draw(state, SHARED)], p, __ATOMIC_ACQ_REL));
  }
}

static void *work(void *number) {
  uint64_t state = (uintptr_t)number;
  char name[16];
  snprintf(name, sizeof name, "worker-%d", (int)(uintptr_t)number);
  pthread_setname_np(pthread_self(), name);
  churn(&state, rounds);
  return NULL;
}

static void *run_on(void *number) {
  uint64_t state = (uintptr_t)number;
  for (;;) churn(&state, 1000);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int count = atoi(argv[1]);
  rounds = atoi(argv[2]);
  if (count > MOST_THREADS) return 2;
  for (int fd = 3; fd < 2048; fd++) close(fd);
  struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
  struct itimerval every = {{0, 500}, {0, 500}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &every, NULL);
  pthread_t threads[MOST_THREADS];
  for (int i = 0; i < count; i++)
    if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)(i + 1)) != 0) return 4;
  uint64_t state = 4711;
  for (int i = 0; i < 6; i++) {
    pid_t child = fork();
    if (child == 0) {
      uint64_t own = (uint64_t)i;
      churn(&own, 2000);
      if (i % 2) exit(0);
      _exit(0);
    }
    churn(&state, 500);
    int status;
    while (waitpid(child, &status, 0) < 0) {
    }
    if (status != 0) return 5;
  }
  void *library = dlopen("libm.so.6", RTLD_NOW);
  if (library != NULL) dlclose(library);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 4; i++)
    if (pthread_create(&threads[i], NULL, run_on, (void *)(uintptr_t)(i + 1)) != 0) return 4;
  churn(&state, 20000);
  return ticks > 0 ? 0 : 6;
}
