/* The operations of a log, and what each does. The numbers are those of src/native-replay/operations.ts. */

enum {
  NONE, MALLOC, CALLOC, REALLOC, MEMALIGN, VALLOC, PVALLOC, FREE, MALLOC_TRIM, MALLOPT, FREE_AFTER_EXIT,
  THREAD, EXIT, ARGUMENT, WRITE, ABSENT, SBRK, SCHEDULED_TRIM
};
enum { BEGINS_EVENT = 1, WRITES_ALL = 2 };

struct operation { uint8_t kind, flags; uint16_t unused; uint32_t number; uint64_t size; };
struct head { char magic[8]; uint64_t events; uint32_t blocks, threads, first_thread_exits, unused; };

static const char MAGIC[8] = "mallogo1";

static uint64_t schedule; /* of malloc_trim calls that are made; 0: none */

static void **blocks;
static uint64_t failed;

/* One byte in each page makes it resident. */
static void write_bytes(char *block, uint64_t from, uint64_t to) {
  if (block == NULL || from >= to) return;
  char *last = block + to - 1;
  for (char *at = block + from; at <= last; at = (char *)(((uintptr_t)at | (page_bytes - 1)) + 1)) *(volatile char *)at = 1;
}

/* The program has not written these bytes after all. */
static void forget_bytes(char *block, uint64_t from, uint64_t to) {
  if (block == NULL) return;
  uintptr_t first = ((uintptr_t)block + from + page_bytes - 1) & -page_bytes;
  uintptr_t end_of_last = ((uintptr_t)block + to) & -page_bytes;
  if (first < end_of_last) madvise((void *)first, end_of_last - first, MADV_DONTNEED);
}

static void served(const struct operation *one, uint32_t block, void *p) {
  blocks[block] = p;
  if (p == NULL) __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
  else if (one->flags & WRITES_ALL) write_bytes(p, 0, one->size);
}

static void reallocate(const struct operation *one, uint32_t block) {
  void *before = blocks[block];
  void *p = allocator.realloc(before, one->size);
  if (p == NULL && before != NULL && one->size != 0) allocator.free(before);
  served(one, block, p);
}

static void release(uint32_t block) {
  allocator.free(blocks[block]);
  blocks[block] = NULL;
}

static void release_after_exit(uint32_t block) {
  uintptr_t caller = thread_pointer();
  become_ended();
  release(block);
  become(caller);
}

/* Does what one operation says with a block. `argument`: that of the operation before. THREAD, EXIT and FREE_AFTER_EXIT,
   which concern threads, are left to the caller. */
static inline void perform(const struct operation *one, uint32_t block, uint64_t *argument) {
  switch (one->kind) {
    case NONE: break;
    case MALLOC: served(one, block, allocator.malloc(one->size)); break;
    case CALLOC: served(one, block, allocator.calloc(1, one->size)); break;
    case REALLOC: reallocate(one, block); break;
    case MEMALIGN: served(one, block, allocator.memalign(*argument, one->size)); break;
    case VALLOC: served(one, block, aligned_to_page(one->size, 0)); break;
    case PVALLOC: served(one, block, aligned_to_page(one->size, 1)); break;
    case FREE: release(block); break;
    case MALLOC_TRIM:
      if (allocator.malloc_trim != NULL) allocator.malloc_trim(one->size);
      break;
    case MALLOPT:
      if (allocator.mallopt != NULL) allocator.mallopt((int)*argument, (int)one->size);
      break;
    case ARGUMENT: *argument = one->size; break;
    case WRITE: write_bytes(blocks[block], *argument, one->size); break;
    case ABSENT: forget_bytes(blocks[block], *argument, one->size); break;
    case SBRK: sbrk((intptr_t)one->size); break;
    case SCHEDULED_TRIM:
      if (one->number == schedule && allocator.malloc_trim != NULL) allocator.malloc_trim(0);
      break;
    default: fail("an unknown operation");
  }
}

static size_t read_whole(int fd, void *to, size_t bytes) {
  size_t length = 0;
  while (length < bytes) {
    ssize_t got = read(fd, (char *)to + length, bytes - length);
    if (got < 0) fail("the operations cannot be read");
    if (got == 0) break;
    length += (size_t)got;
  }
  return length;
}
