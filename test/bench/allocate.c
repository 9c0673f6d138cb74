/*
 * Threads that do nothing but allocate: the worst case for a recorder.
 *
 *     allocate CALLS THREADS BLOCKS
 *
 * CALLS calls of malloc and free, by THREADS threads with BLOCKS live blocks, in all. Each thread replaces blocks of its own,
 * chosen at random, of 16 to 1039 bytes, one of 16 times as large, and writes to each.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

static long replacements;
static uint64_t place_count;

static void *run_thread(void *argument) {
  uint64_t state = 88172645463325252u + 977u * (uint64_t)(intptr_t)argument;
  char **places = calloc(place_count, sizeof *places);
  if (places == NULL) abort();
  for (long i = 0; i < replacements; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    char **place = &places[state % place_count];
    uint64_t r = state / place_count;
    size_t bytes = 16 + r % 1024;
    free(*place);
    *place = malloc(r / 1024 % 16 == 0 ? 16 * bytes : bytes);
    if (*place == NULL) abort();
    **place = 1;
  }
  for (uint64_t i = 0; i < place_count; i++) free(places[i]);
  free(places);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int thread_count = atoi(argv[2]);
  if (thread_count < 1) return 2;
  replacements = atol(argv[1]) / 2 / thread_count;
  place_count = (uint64_t)(atol(argv[3]) / thread_count);
  if (place_count == 0) return 2;
  pthread_t *threads = calloc((size_t)thread_count, sizeof *threads);
  if (threads == NULL) return 1;
  for (int i = 0; i < thread_count; i++) {
    if (pthread_create(&threads[i], NULL, run_thread, (void *)(intptr_t)i) != 0) return 1;
  }
  for (int i = 0; i < thread_count; i++) pthread_join(threads[i], NULL);
  free(threads);
  return 0;
}
