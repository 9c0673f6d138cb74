/*
 * One call of each kind that the hook logs, and what is special about some: errors, threads and their names, a child, an
 * executed program, files of the hook that are closed.
 *
 *     hook-calls all | unwritten | threads | fork [BYTES] | exec | close N | daemon N | many N [MS] | signals N | wait MS |
 *                writes PAGES | frees [MS] | sparse PAGES
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile size_t huge = (size_t)1 << 62;
static void *volatile kept;

static void all(void) {
  void *p = malloc(100);
  p = realloc(p, 200000);
  p = reallocarray(p, 10, 30000);
  free(p);
  free(calloc(3, 50));
  free(memalign(64, 100));
  free(aligned_alloc(128, 256));
  free(valloc(10));
  free(pvalloc(10));
  if (posix_memalign(&p, 256, 1000) != 0) exit(3);
  free(p);
  if (posix_memalign(&p, 3, 1000) == 0) exit(4);
  if (malloc(huge) != NULL || realloc(kept = malloc(10), huge) != NULL) exit(5);
  if (reallocarray(kept, huge, huge) != NULL) exit(6);
  free(kept);
  free(NULL);
  mallopt(M_TRIM_THRESHOLD, 65536);
  /* Its last half is never written. */
  char *large = malloc(1 << 20);
  memset(large, 1, 1 << 19);
  kept = large;
  malloc_trim(0);
}

static void *work(void *name) {
  if (name != NULL) pthread_setname_np(pthread_self(), name);
  else prctl(PR_SET_NAME, "by prctl");
  free(malloc(50));
  return NULL;
}

static void threads(void) {
  pthread_t thread;
  char *names[] = {"GC Thread#0", "http-nio 8080", NULL};
  for (int i = 0; i < 3; i++) {
    pthread_create(&thread, NULL, work, names[i]);
    pthread_join(thread, NULL);
  }
}

static volatile int signals;

static void allocate(int number) {
  (void)number;
  signals++;
  free(malloc(100));
}

/* Not allowed in C, but some programs do it. */
static void allocate_in_signals(long calls) {
  struct sigaction action = {.sa_handler = allocate};
  struct itimerval every = {{0, 300}, {0, 300}};
  sigaction(SIGALRM, &action, NULL);
  /* The first call takes a lock of glibc's, for which a handler would wait forever. */
  free(malloc(100));
  setitimer(ITIMER_REAL, &every, NULL);
  for (long i = 0; i < calls || signals < 100; i++) free(malloc((size_t)(i % 700)));
}

static void in_child(size_t before) {
  kept = malloc(before);
  pid_t child = fork();
  if (child == 0) {
    free(kept);
    kept = malloc(2000);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  free(malloc(before > 1000 ? 30 : 3000));
}

static volatile int is_written;

static void *write_pages(void *pages) {
  volatile char *block = kept;
  for (long i = 0; i < *(long *)pages; i++) {
    block[i * 4096] = 1;
    for (volatile int wait = 0; wait < 20000; wait++) continue;
  }
  is_written = 1;
  return NULL;
}

/* A thread writes a mapped block while calls are logged, which change nothing that is resident. */
static void write_meanwhile(long pages) {
  pthread_t thread;
  kept = malloc((size_t)pages * 4096);
  pthread_create(&thread, NULL, write_pages, &pages);
  while (!is_written) {
    free(malloc(100));
    usleep(100);
  }
  pthread_join(thread, NULL);
}

static void *free_kept(void *unused) {
  free(kept);
  return unused;
}

/* The thread's cache, and with it an arena, are made by a call that returns no block. */
static void free_in_thread(long pause_ms) {
  pthread_t thread;
  kept = malloc(100);
  pthread_create(&thread, NULL, free_kept, NULL);
  pthread_join(thread, NULL);
  usleep((useconds_t)pause_ms * 1000);
  kept = malloc(100);
}

/* Every other page of a block is written. */
static void write_sparsely(long pages) {
  char *block = kept = malloc((size_t)pages * 4096);
  for (long page = 0; page < pages; page += 2) block[page * 4096] = 1;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  long number = argc > 2 ? atol(argv[2]) : 0;
  if (strcmp(what, "all") == 0) all();
  if (strcmp(what, "unwritten") == 0)
    for (int i = 0; i < 30; i++) kept = malloc(i < 20 ? 9000 : 20000);
  if (strcmp(what, "threads") == 0) threads();
  if (strcmp(what, "fork") == 0) in_child(number > 0 ? (size_t)number : 1000);
  if (strcmp(what, "signals") == 0) allocate_in_signals(number);
  if (strcmp(what, "exec") == 0) {
    kept = malloc(777);
    execl(argv[0], argv[0], "all", NULL);
    return 7;
  }
  if (strcmp(what, "daemon") == 0 && chdir("/") != 0) return 1;
  if (strcmp(what, "close") == 0 || strcmp(what, "daemon") == 0)
    for (int fd = 3; fd < 4096; fd++) close(fd);
  if (argc > 3) usleep((useconds_t)atol(argv[3]) * 1000);
  if (strcmp(what, "close") == 0 || strcmp(what, "daemon") == 0 || strcmp(what, "many") == 0)
    for (long i = 0; i < number; i++) free(malloc((size_t)(i % 3000)));
  if (strcmp(what, "writes") == 0) write_meanwhile(number);
  if (strcmp(what, "sparse") == 0) write_sparsely(number);
  if (strcmp(what, "frees") == 0) free_in_thread(number);
  if (strcmp(what, "wait") == 0) {
    struct timespec pause = {number / 1000, number % 1000 * 1000000};
    kept = malloc(11);
    nanosleep(&pause, NULL);
    kept = malloc(22);
    nanosleep(&pause, NULL);
    kept = malloc(33);
  }
  return 0;
}
