/* What libc and ld.so allocate for themselves. */

#define EXPORTED __attribute__((visibility("default")))

#if !SANITIZED
enum { OWN_BYTES = 256 << 20, OWN_CLASSES = 256 };

struct own_block { size_t bytes; struct own_block *next; };

static char *own_start, *own_next;
static struct own_block *own_free[OWN_CLASSES]; /* by 16 bytes of size */
static struct own_block *own_kept;               /* freed while `keeps_own` */
static int own_lock;
static int keeps_own; /* what libc frees now may still be read: see `end` in threads.c */

static void lock_own(void) {
  while (__atomic_exchange_n(&own_lock, 1, __ATOMIC_ACQUIRE)) continue;
}

static void unlock_own(void) { __atomic_store_n(&own_lock, 0, __ATOMIC_RELEASE); }

static int is_own(const void *p) {
  return (uintptr_t)p - (uintptr_t)own_start < OWN_BYTES && own_start != NULL;
}

static void *own_alloc(size_t n) {
  size_t bytes = (n + 15) / 16 * 16;
  lock_own();
  if (own_start == NULL) own_start = own_next = map_own(OWN_BYTES, 0);
  struct own_block **list = bytes / 16 < OWN_CLASSES ? &own_free[bytes / 16] : NULL;
  struct own_block *block = list ? *list : NULL;
  if (block != NULL) {
    *list = block->next;
  } else {
    if (n > OWN_BYTES || own_next + sizeof *block + bytes > own_start + OWN_BYTES) fail("no memory for libc");
    block = (struct own_block *)(void *)own_next;
    block->bytes = bytes;
    own_next += sizeof *block + bytes;
  }
  unlock_own();
  return block + 1;
}

static void own_release(void *p) {
  struct own_block *block = (struct own_block *)p - 1;
  if (block->bytes / 16 >= OWN_CLASSES) return;
  lock_own();
  struct own_block **list = keeps_own ? &own_kept : &own_free[block->bytes / 16];
  block->next = *list;
  *list = block;
  unlock_own();
}

/* What was kept until now is given up. */
static void keep_own(int keeps) {
  lock_own();
  for (struct own_block *block = keeps ? own_kept : NULL, *next; block != NULL; block = next) {
    next = block->next;
    block->next = own_free[block->bytes / 16];
    own_free[block->bytes / 16] = block;
  }
  if (keeps) own_kept = NULL;
  keeps_own = keeps;
  unlock_own();
}

/* These stand before the allocator's in the order in which libraries look up names. */
EXPORTED void *malloc(size_t n) { return own_alloc(n); }

EXPORTED void *calloc(size_t n, size_t m) {
  size_t bytes;
  if (__builtin_mul_overflow(n, m, &bytes)) return NULL;
  return memset(own_alloc(bytes), 0, bytes);
}

EXPORTED void *realloc(void *p, size_t n) {
  void *q = own_alloc(n);
  if (p != NULL) {
    size_t before = ((struct own_block *)p - 1)->bytes;
    memcpy(q, p, before < n ? before : n);
    own_release(p);
  }
  return q;
}

EXPORTED void free(void *p) {
  if (is_own(p)) own_release(p);
}
#else
static void keep_own(int keeps) { (void)keeps; }
#endif
