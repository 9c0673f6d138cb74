/* The command line, and the start of the program. */

static uint64_t number(const char *text) {
  uint64_t n = 0;
  for (; *text >= '0' && *text <= '9'; text++) n = n * 10 + (uint64_t)(*text - '0');
  return n;
}

static int runs_free, trims_at_end;

static void read_option(const char *text) {
  if (strcmp(text, "free") == 0) runs_free = 1;
  else if (strncmp(text, "samples=", 8) == 0) samples.count = number(text + 8);
  else if (strncmp(text, "every=", 6) == 0) schedule = number(text + 6);
  else if (strcmp(text, "trim") == 0) trims_at_end = 1;
  else if (strcmp(text, "small-pages") == 0) prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  else if (strncmp(text, "at=", 3) == 0 && samples.at_count < MOST_MOMENTS) samples.at[samples.at_count++] = number(text + 3);
  else fail("an unknown option");
}

static void measure_end(uint64_t events) {
  uint64_t bytes = sample(events);
  if (trims_at_end && allocator.malloc_trim != NULL) {
    allocator.malloc_trim(0);
    bytes = heap_rss();
  }
  put_line("end", bytes);
  uint64_t others = status_bytes("VmRSS:") - bytes;
  uint64_t most = status_bytes("VmHWM:");
  put_line("highwater", most > others ? most - others : 0);
  if (purge()) {
    /* The purging function may itself need memory, which a purge by the clock does not. */
    uint64_t purged = heap_rss();
    put_line("purged", purged < bytes ? purged : bytes);
  }
}

int main(int argc, char **argv) {
  find_allocator();
  require_preloaded(preloaded);
  if (argc == 2 && strcmp(argv[1], "version") == 0) {
    put(gnu_get_libc_version());
    put(" ");
    put_number(getauxval(AT_PAGESZ));
    put("\n");
    return 0;
  }
  if (argc < 2) fail("no file of operations");
  if (pagemap == 0) begin_measuring(argc, argv, environ);
  for (int i = 2; i < argc; i++) read_option(argv[i]);
  find_thread_pointer();
  int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
  struct head head;
  if (fd < 0 || read_whole(fd, &head, sizeof head) != sizeof head || memcmp(head.magic, MAGIC, sizeof MAGIC) != 0)
    fail("no file of operations");
  threads = map_own(((size_t)head.threads + 1) * sizeof *threads, 1);

  uint64_t nanoseconds = runs_free ? replay_side_by_side(fd, &head) : replay_in_order(fd, &head);
  nanoseconds -= sampling_nanoseconds;
  measure_end(head.events);
  put_line("failed", failed);
  put_line("nanoseconds", nanoseconds);
  /* No destructors: threads of the log that have not exited still wait. */
  _exit(0);
}

/* With a start of its own the program does not need that of the glibc it was built with, which older ones lack. */
extern int __libc_start_main(int (*)(int, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
__asm__(".symver __libc_start_main, __libc_start_main@" OLDEST);

__attribute__((used, noreturn)) static void start_main(long *stack) {
  __libc_start_main((int (*)(int, char **))main, (int)stack[0], (char **)(stack + 1), NULL, NULL, NULL, stack);
  __builtin_unreachable();
}

#if defined __x86_64__
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start_main\n");
#elif defined __aarch64__
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tbl start_main\n");
#endif
