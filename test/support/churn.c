/*
 * A program whose threads come and go. Its hook holds one lock across the real call and its line, so that the calls are
 * logged in the allocator's order. The ends of threads are not: a thread logs thread_exit() in the destructor of its key,
 * and only afterwards does glibc empty its tcache and put its arena on the free list, where no hook sees it.
 *
 *     churn GENERATIONS THREADS CALLS LEFT PAUSE >log 2>rss
 *
 * THREADS threads run at once. Each allocates, frees, leaves LEFT blocks to the others, which free them, and ends. At first
 * all are joined together; later they run in a pool, where a new one replaces each that ends. Up to PAUSE µs pass between
 * a thread's thread_exit() and its end, while others continue. At the end the program prints the resident bytes of the
 * break area and of all heaps, counted in the kernel's page map, to standard error.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

enum { LINES = 64 << 20, MOST_HEAPS = 256, SHARED = 512 };
static const uintptr_t HEAP = 64 << 20, PAGE = 4096;

static int logs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char lines[LINES];
static size_t used;
static uintptr_t heaps[MOST_HEAPS], break_start;
static int heap_count;

#define LOG(...) (used += logs ? snprintf(lines + used, 96, __VA_ARGS__) : 0)

static void *seen(void *p) {
  uintptr_t heap = (uintptr_t)p / HEAP * HEAP;
  if (p < sbrk(0)) return p;
  for (int i = 0; i < heap_count; i++)
    if (heaps[i] == heap) return p;
  if (heap_count < MOST_HEAPS) heaps[heap_count++] = heap;
  return p;
}

void *malloc(size_t bytes) {
  pthread_mutex_lock(&lock);
  void *p = seen(__libc_malloc(bytes));
  LOG("%d malloc(%zu)\t= %p\n", gettid(), bytes, p);
  pthread_mutex_unlock(&lock);
  return p;
}

void *calloc(size_t count, size_t bytes) {
  pthread_mutex_lock(&lock);
  void *p = seen(__libc_calloc(count, bytes));
  LOG("%d calloc(%zu, %zu) = %p\n", gettid(), count, bytes, p);
  pthread_mutex_unlock(&lock);
  return p;
}

void *realloc(void *old, size_t bytes) {
  pthread_mutex_lock(&lock);
  void *p = seen(__libc_realloc(old, bytes));
  LOG("%d realloc(%p, %zu) = %p\n", gettid(), old, bytes, p);
  pthread_mutex_unlock(&lock);
  return p;
}

void free(void *p) {
  pthread_mutex_lock(&lock);
  LOG("%d free(%p)\n", gettid(), p);
  __libc_free(p);
  pthread_mutex_unlock(&lock);
}

static int calls, left_blocks, pause_us;
static pthread_key_t at_exit;

static void leave(void *unused) {
  pthread_mutex_lock(&lock);
  LOG("%d thread_exit()\n", gettid());
  pthread_mutex_unlock(&lock);
  /* As if another destructor ran, while other threads continue. */
  if (pause_us > 0) usleep((gettid() * 2654435761u >> 8) % pause_us);
}

static void *shared[SHARED];

static uint32_t next(uint32_t *state) { return *state = *state * 1664525u + 1013904223u; }

static void *work(void *seed) {
  enum { BLOCKS = 48 };
  void *blocks[BLOCKS] = {NULL};
  uint32_t state = (uintptr_t)seed * 2654435761u + 1;
  pthread_setspecific(at_exit, &at_exit);
  for (int i = 0; i < calls; i++) {
    void **slot = &blocks[(next(&state) >> 8) % BLOCKS];
    free(*slot);
    size_t bytes = 8 + (next(&state) >> 8) % (i % 16 == 0 ? 9000 : 600);
    *slot = memset(malloc(bytes), 1, bytes);
  }
  for (int i = 0; i < BLOCKS; i++) {
    void **left = &shared[next(&state) >> 8 & (SHARED - 1)];
    if (i < left_blocks) free(__atomic_exchange_n(left, blocks[i], __ATOMIC_ACQ_REL));
    else free(blocks[i]);
  }
  return NULL;
}

static uint64_t resident(uintptr_t from, uintptr_t to) {
  static uint64_t entries[64 << 20 >> 12];
  int map = open("/proc/self/pagemap", O_RDONLY);
  uint64_t pages = 0;
  for (uintptr_t at = from; at < to; at += HEAP) {
    size_t some = ((to - at < HEAP ? to - at : HEAP) + PAGE - 1) / PAGE;
    if (pread(map, entries, some * 8, at / PAGE * 8) != (ssize_t)some * 8) exit(1);
    for (size_t i = 0; i < some; i++) pages += entries[i] >> 63;
  }
  close(map);
  return pages * PAGE;
}

int main(int argc, char **argv) {
  int generations = atoi(argv[1]), threads = atoi(argv[2]);
  pthread_t running[threads];
  calls = atoi(argv[3]), left_blocks = atoi(argv[4]), pause_us = atoi(argv[5]);
  pthread_key_create(&at_exit, leave);
  break_start = (uintptr_t)sbrk(0) / PAGE * PAGE;
  logs = 1;
  uintptr_t seed = 0;
  for (int n = 0; n < generations; n++) {
    for (int i = 0; i < threads; i++) pthread_create(&running[i], NULL, work, (void *)seed++);
    for (int i = 0; i < threads; i++) pthread_join(running[i], NULL);
  }
  for (int i = 0; i < threads; i++) pthread_create(&running[i], NULL, work, (void *)seed++);
  for (int n = 0; n < generations * threads; n++) {
    pthread_join(running[n % threads], NULL);
    pthread_create(&running[n % threads], NULL, work, (void *)seed++);
  }
  for (int i = 0; i < threads; i++) pthread_join(running[i], NULL);
  logs = 0;
  uint64_t bytes = resident(break_start, (uintptr_t)sbrk(0));
  for (int i = 0; i < heap_count; i++) bytes += resident(heaps[i], heaps[i] + HEAP);
  fprintf(stderr, "%lu\n", bytes);
  for (size_t at = 0; at < used;) {
    ssize_t done = write(1, lines + at, used - at);
    if (done <= 0) return 1;
    at += done;
  }
  return 0;
}
