/* Resident memory of the heaps, page by page. */

struct range { uintptr_t from, to; };

enum { MOST_KNOWN = 1024, READ_BYTES = 1 << 16 };

/* Private memory of the process before any library has run: not of heaps. Ascending. */
static struct range known[MOST_KNOWN];
static int known_count;
static int pagemap;

/* The bits of a page in /proc/self/pagemap: swapped, and present; and mapped here only, which the zero page is not. */
enum { SWAPPED = 1, PRESENT = 2 };
static const uint64_t EXCLUSIVE = (uint64_t)1 << 56;

static uint64_t resident_in(uintptr_t from, uintptr_t to) {
  static uint64_t entries[READ_BYTES / 8];
  uint64_t pages = 0;
  for (uintptr_t at = from; at < to;) {
    size_t want = (to - at) / page_bytes;
    if (want > READ_BYTES / 8) want = READ_BYTES / 8;
    if (pread(pagemap, entries, want * 8, (off_t)(at / page_bytes * 8)) != (ssize_t)(want * 8)) fail("no pagemap");
    for (size_t i = 0; i < want; i++) {
      uint64_t state = entries[i] >> 62;
      pages += (state & SWAPPED) || ((state & PRESENT) && (entries[i] & EXCLUSIVE));
    }
    at += want * page_bytes;
  }
  return pages * page_bytes;
}

static uint64_t resident_outside_known(uintptr_t from, uintptr_t to) {
  uint64_t bytes = 0;
  for (int i = 0; i < known_count && known[i].from < to; i++) {
    if (known[i].to <= from) continue;
    if (known[i].from > from) bytes += resident_in(from, known[i].from);
    from = known[i].to;
  }
  return from < to ? bytes + resident_in(from, to) : bytes;
}

static const char *hexadecimal(const char *text, uintptr_t *value) {
  for (*value = 0;; text++) {
    if (*text >= '0' && *text <= '9') *value = *value * 16 + (uintptr_t)(*text - '0');
    else if (*text >= 'a' && *text <= 'f') *value = *value * 16 + (uintptr_t)(*text - 'a' + 10);
    else return text;
  }
}

/* A line of /proc/self/maps: FROM-TO rwxp OFFSET DEVICE INODE PATH. True if it is private and of no file. */
static int is_private(const char *line, struct range *range, const char **path) {
  const char *at = hexadecimal(hexadecimal(line, &range->from) + 1, &range->to);
  *path = strpbrk(at, "/[");
  return at[2] == 'w' && at[4] == 'p';
}

static void each_private_mapping(void (*visit)(struct range, const char *path)) {
  static char text[READ_BYTES];
  int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("no /proc/self/maps");
  size_t length = 0;
  for (;;) {
    ssize_t got = read(fd, text + length, sizeof text - 1 - length);
    if (got < 0) fail("no /proc/self/maps");
    if (got == 0) break;
    length += (size_t)got;
    text[length] = '\0';
    char *line = text;
    for (char *end_of_line; (end_of_line = strchr(line, '\n')) != NULL; line = end_of_line + 1) {
      *end_of_line = '\0';
      struct range range;
      const char *path;
      if (is_private(line, &range, &path)) visit(range, path ? path : "");
    }
    length -= (size_t)(line - text);
    memmove(text, line, length);
  }
  close(fd);
}

/* Of a preloaded allocator its static data counts, too: the mapping of its file, and the anonymous one that follows. */
static const char *preloaded = "";
static uintptr_t preloaded_end;

static void add_known(struct range range, const char *path) {
  if (strcmp(path, "[heap]") == 0) return;
  if ((*path != '\0' && strcmp(path, preloaded) == 0) || (*path == '\0' && range.from == preloaded_end)) {
    preloaded_end = range.to;
    return;
  }
  if (known_count == MOST_KNOWN) fail("too many mappings");
  known[known_count++] = range;
}

static uint64_t heap_bytes;

static void add_heap(struct range range, const char *path) {
  if (strcmp(path, "[stack]") != 0) heap_bytes += resident_outside_known(range.from, range.to);
}

static uint64_t heap_rss(void) {
  heap_bytes = 0;
  each_private_mapping(add_heap);
  return heap_bytes;
}

/* A line of /proc/self/status in KiB, such as "VmHWM:	    1234 kB"; in bytes. */
static uint64_t status_bytes(const char *name) {
  static char text[READ_BYTES];
  int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (got < 0) fail("no /proc/self/status");
  close(fd);
  text[got] = '\0';
  const char *at = strstr(text, name);
  uint64_t kib = 0;
  for (at = at ? at + strlen(name) : ""; *at != '\0' && *at != '\n'; at++)
    if (*at >= '0' && *at <= '9') kib = kib * 10 + (uint64_t)(*at - '0');
  return kib * 1024;
}

static void begin_measuring(int argc, char **argv, char **environment) {
  (void)argc, (void)argv;
  for (; *environment != NULL; environment++)
    if (strncmp(*environment, "LD_PRELOAD=", 11) == 0) preloaded = *environment + 11;
  page_bytes = getauxval(AT_PAGESZ);
  pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap < 0) fail("no /proc/self/pagemap");
  each_private_mapping(add_known);
}

#if !SANITIZED
/* ld.so calls this before the constructors of libraries, in which allocators may get memory. */
__attribute__((section(".preinit_array"), used)) static void (*const before_libraries)(int, char **, char **) = begin_measuring;
#endif
