/* The allocator that is measured. */

static struct {
  void *(*malloc)(size_t);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  void (*free)(void *);
  void *(*memalign)(size_t, size_t);
  void *(*valloc)(size_t);
  void *(*pvalloc)(size_t);
  int (*malloc_trim)(size_t);
  int (*mallopt)(int, int);
  int (*mallctl)(const char *, void *, size_t *, void *, size_t);  /* jemalloc */
  void (*mi_collect)(_Bool);                                       /* mimalloc */
  void (*release_free)(void);                                      /* tcmalloc */
} allocator;

static void find(void *place, const char *name, int required) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL && required) fail("the allocator lacks a function of malloc");
  memcpy(place, &found, sizeof found);
}

static void find_allocator(void) {
  find(&allocator.malloc, "malloc", 1);
  find(&allocator.calloc, "calloc", 1);
  find(&allocator.realloc, "realloc", 1);
  find(&allocator.free, "free", 1);
  find(&allocator.memalign, "memalign", 1);
  find(&allocator.valloc, "valloc", 0);
  find(&allocator.pvalloc, "pvalloc", 0);
  find(&allocator.malloc_trim, "malloc_trim", 0);
  find(&allocator.mallopt, "mallopt", 0);
  find(&allocator.mallctl, "mallctl", 0);
  find(&allocator.mi_collect, "mi_collect", 0);
  find(&allocator.release_free, "MallocExtension_ReleaseFreeMemory", 0);
}

/* Returns to the kernel what the allocator would return after a time. False: it has no function that is known for this. */
static int purge(void) {
  if (allocator.mallctl != NULL) {
    /* 4096 stands for all arenas. */
    return allocator.mallctl("arena.4096.purge", NULL, NULL, NULL, 0) == 0;
  }
  if (allocator.mi_collect != NULL) allocator.mi_collect(1);
  else if (allocator.release_free != NULL) allocator.release_free();
  else return 0;
  return 1;
}

static size_t page_bytes;

static void *aligned_to_page(size_t n, int whole_pages) {
  if (whole_pages && allocator.pvalloc != NULL) return allocator.pvalloc(n);
  if (!whole_pages && allocator.valloc != NULL) return allocator.valloc(n);
  return allocator.memalign(page_bytes, whole_pages ? (n + page_bytes - 1) / page_bytes * page_bytes : n);
}

/* ld.so goes on without a library that it cannot load, and a library may have no malloc. */
static void require_preloaded(const char *path) {
  Dl_info found;
  void *p;
  memcpy(&p, &allocator.malloc, sizeof p);
  if (*path != '\0' && (dladdr(p, &found) == 0 || strcmp(found.dli_fname, path) != 0))
    fail("the library cannot be loaded, or has no malloc");
}
