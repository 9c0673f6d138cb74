/* Lines on standard output, and memory of this program's own. */

static void put(const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    ssize_t done = write(STDOUT_FILENO, text, left);
    if (done < 0) _exit(3);
    text += done;
    left -= (size_t)done;
  }
}

static void put_number(uint64_t n) {
  char digits[24];
  char *at = digits + sizeof digits - 1;
  *at = '\0';
  do *--at = (char)('0' + n % 10);
  while ((n /= 10) != 0);
  put(at);
}

static void put_line(const char *name, uint64_t n) {
  put(name);
  put(" ");
  put_number(n);
  put("\n");
}

__attribute__((noreturn)) static void fail(const char *reason) {
  put("error ");
  put(reason);
  put("\n");
  _exit(2);
}

/* Shared memory: the kernel does not count it as anonymous, and never merges it with an allocator's mapping. */
static void *map_own(size_t bytes, int populate) {
  int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | (populate ? MAP_POPULATE : 0);
  void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (mapped == MAP_FAILED) fail("no memory for the replay");
  return mapped;
}
