/*
 * Writes a log to standard output, as a simple hook does: THREADS threads call malloc, calloc, realloc and free, and each
 * line has the pointer that this machine's C library returned.
 *
 *     make-log EVENTS THREADS LIVE [fill]
 *
 * It makes about EVENTS calls, with LIVE blocks live at once after all places are taken: in the course of its random
 * calls, or with `fill` before them. As in a service, most blocks are
 * small and short-lived, some live long, and some are freed by another thread. Threads take turns with a few calls each,
 * so that the log is in the allocator's order, and all runs make the same calls.
 *
 * With SILENT defined the program makes these calls and writes nothing: a program for other recorders.
 */
#define _GNU_SOURCE
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

static long events;

#ifdef SILENT

#define malloc(bytes) (events++, malloc(bytes))
#define calloc(count, bytes) (events++, calloc(count, bytes))
#define realloc(old, bytes) (events++, realloc(old, bytes))
#define free(pointer) (events++, free(pointer))

#else

enum { FIRST_TID = 16342, LONGEST_LINE = 128, SITES = 512 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char lines[1 << 16];
static size_t used;
static uint64_t micros;
static __thread int tid = FIRST_TID;

static void flush_lines(void) {
  for (size_t done = 0; done < used;) {
    ssize_t written = write(1, lines + done, used - done);
    if (written < 0) _exit(1);
    done += (size_t)written;
  }
  used = 0;
}

static void put_text(const char *text) {
  while (*text) lines[used++] = *text++;
}

static void put_decimal(uint64_t value, int least_digits) {
  char digits[20];
  int count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while ((value /= 10) != 0);
  while (count < least_digits) digits[count++] = '0';
  while (count > 0) lines[used++] = digits[--count];
}

static void put_pointer(const void *pointer) {
  uintptr_t value = (uintptr_t)pointer;
  int digits = 1;
  while (digits < 16 && value >> (4 * digits)) digits++;
  put_text("0x");
  while (digits > 0) lines[used++] = "0123456789abcdef"[value >> (4 * --digits) & 15];
}

/* `tid time [caller] ` */
static void put_head(void *caller) {
  if (used > sizeof lines - LONGEST_LINE) flush_lines();
  events++;
  micros += 1 + events % 7;
  uint64_t seconds = micros / 1000000;
  put_decimal((uint64_t)tid, 1);
  put_text(" ");
  put_decimal(seconds / 3600, 2);
  put_text(":");
  put_decimal(seconds / 60 % 60, 2);
  put_text(":");
  put_decimal(seconds % 60, 2);
  put_text(".");
  put_decimal(micros % 1000000, 6);
  put_text(" [");
  put_pointer(caller);
  put_text("] ");
}

static void *put_result(void *pointer) {
  put_text(" = ");
  put_pointer(pointer);
  put_text("\n");
  pthread_mutex_unlock(&lock);
  return pointer;
}

void *malloc(size_t bytes) {
  pthread_mutex_lock(&lock);
  put_head(__builtin_return_address(0));
  put_text("malloc(");
  put_decimal(bytes, 1);
  put_text(")");
  return put_result(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes) {
  pthread_mutex_lock(&lock);
  put_head(__builtin_return_address(0));
  put_text("calloc(");
  put_decimal(count, 1);
  put_text(", ");
  put_decimal(bytes, 1);
  put_text(")");
  return put_result(__libc_calloc(count, bytes));
}

void *realloc(void *old, size_t bytes) {
  pthread_mutex_lock(&lock);
  put_head(__builtin_return_address(0));
  put_text("realloc(");
  put_pointer(old);
  put_text(", ");
  put_decimal(bytes, 1);
  put_text(")");
  return put_result(__libc_realloc(old, bytes));
}

void free(void *pointer) {
  pthread_mutex_lock(&lock);
  put_head(__builtin_return_address(0));
  put_text("free(");
  put_pointer(pointer);
  put_text(")\n");
  __libc_free(pointer);
  pthread_mutex_unlock(&lock);
}

#endif

static long wanted_events;
static int thread_count;
static int fills;
/* Places for blocks; place p belongs to thread (p modulo thread_count). */
static void **places;
static long own_places;

static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t *turn_came;
static int turn;

static uint64_t next_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}

static size_t random_size(uint64_t *state) {
  uint64_t kind = next_random(state) % 1000;
  uint64_t r = next_random(state);
  if (kind < 800) return 16 + r % 240;
  if (kind < 970) return 256 + r % 1792;
  if (kind < 999) return 2048 + r % 30720;
  return 32768 + r % 229376;
}

/* Resizes the block of a random place, or frees it and allocates another. */
static void change_place(int thread, uint64_t *state) {
  uint64_t r = next_random(state);
  /* Nine changes of ten affect the same tenth of all places. */
  long within = (long)(next_random(state) % (uint64_t)(r % 10 == 0 ? own_places : own_places / 10 + 1));
  int owner = r / 10 % 100 == 0 ? (int)(next_random(state) % (uint64_t)thread_count) : thread;
  void **place = &places[within * thread_count + owner];
  size_t bytes = random_size(state);
  int kind = (int)(r / 1000 % 24);
  if (kind == 0) {
    *place = realloc(*place, bytes);
    return;
  }
  if (*place != NULL) free(*place);
  *place = kind == 1 ? calloc(1, bytes) : malloc(bytes);
}

static void *run_thread(void *argument) {
  int thread = (int)(intptr_t)argument;
  uint64_t state = 88172645463325252u + 977u * (uint64_t)thread;
#ifndef SILENT
  tid = FIRST_TID + thread;
#endif
  pthread_mutex_lock(&turn_lock);
  for (long i = 0; fills && i < own_places; i++) places[i * thread_count + thread] = malloc(random_size(&state));
  while (events < wanted_events) {
    while (turn != thread && events < wanted_events) pthread_cond_wait(&turn_came[thread], &turn_lock);
    for (uint64_t changes = 1 + next_random(&state) % 64; changes > 0; changes--) change_place(thread, &state);
    turn = (int)(next_random(&state) % (uint64_t)thread_count);
    pthread_cond_signal(&turn_came[turn]);
  }
  for (int i = 0; i < thread_count; i++) pthread_cond_signal(&turn_came[i]);
  pthread_mutex_unlock(&turn_lock);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) return 2;
  fills = argc == 5;
  wanted_events = atol(argv[1]);
  thread_count = atoi(argv[2]);
  own_places = atol(argv[3]) / thread_count;
  places = calloc((size_t)(own_places * thread_count), sizeof *places);
  turn_came = calloc((size_t)thread_count, sizeof *turn_came);
  pthread_t *threads = calloc((size_t)thread_count, sizeof *threads);
  pthread_mutex_lock(&turn_lock);
  for (int i = 1; i < thread_count; i++) {
    pthread_cond_init(&turn_came[i], NULL);
    if (pthread_create(&threads[i], NULL, run_thread, (void *)(intptr_t)i) != 0) return 1;
  }
  pthread_mutex_unlock(&turn_lock);
  run_thread((void *)0);
  for (int i = 1; i < thread_count; i++) pthread_join(threads[i], NULL);
#ifndef SILENT
  flush_lines();
#endif
  return 0;
}
