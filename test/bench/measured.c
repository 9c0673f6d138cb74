/*
 * Runs a command and measures its cost.
 *
 *     measured FILE COMMAND [ARGUMENT…]
 *
 * Writes `wall user system peak` to FILE: wall time in ns, processor time of the command and of all processes it waited
 * for in µs, and the largest resident set of any of these processes in KiB. Its exit status is the command's.
 *
 * In C because the kernel includes the time before exec in a process's peak: that of node would show.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * (int64_t)1000000000 + time.tv_nsec;
}

static int64_t micros(struct timeval time) { return time.tv_sec * (int64_t)1000000 + time.tv_usec; }

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int64_t start = now();
  pid_t child = fork();
  if (child < 0) return 126;
  if (child == 0) {
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) < 0) return 126;
  int64_t wall = now() - start;
  FILE *file = fopen(argv[1], "w");
  if (file == NULL) return 126;
  fprintf(file, "%ld %ld %ld %ld\n", (long)wall, (long)micros(usage.ru_utime), (long)micros(usage.ru_stime), usage.ru_maxrss);
  if (fclose(file) != 0) return 126;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
