/* Threads, and how one makes calls in the name of another. All functions expect the caller's own thread pointer. */

/* At least PTHREAD_STACK_MIN, which is 128 KiB on arm64. */
#if defined __aarch64__
enum { PLAIN_STACK_BYTES = 128 << 10 };
#else
enum { PLAIN_STACK_BYTES = 64 << 10 };
#endif
enum { STACK_BYTES = SANITIZED ? 4 << 20 : PLAIN_STACK_BYTES };

struct thread {
  uintptr_t pointer; /* its thread pointer, once it waits; 0: it does not run */
  pthread_t id;
  uint32_t state;
  uint32_t first; /* record of the operations, plus 1: see side-by-side.c */
  char *stack;    /* kept for the next thread with this number */
};
enum { STARTING, WAITING, LEAVING };

static struct thread *threads;

static void sleep_while(uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake_all(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0); }

static void set_state(struct thread *t, uint32_t state) {
  __atomic_store_n(&t->state, state, __ATOMIC_RELEASE);
  wake_all(&t->state);
}

static void await_change(struct thread *t, uint32_t from) {
  while (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == from) sleep_while(&t->state, from);
}

static void create(struct thread *t, void *(*run)(void *)) {
  if (t->stack == NULL) t->stack = map_own(STACK_BYTES, 1);
  pthread_attr_t attributes;
  /* A stack that is refused would be replaced by one that counts as heap. */
  if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstack(&attributes, t->stack, STACK_BYTES) != 0)
    fail("a thread cannot have its stack");
  t->state = STARTING;
  if (pthread_create(&t->id, &attributes, run, t) != 0) fail("a thread cannot be created");
}

/* The thread that ended last: its thread-local memory is on its stack, which stays until the next one ends. */
static struct thread ended;

static void end(struct thread *t) {
  keep_own(1);
  set_state(t, LEAVING);
  pthread_join(t->id, NULL);
  keep_own(0);
  char *stack = ended.stack;
  ended = *t;
  t->pointer = 0;
  t->stack = stack;
}

#if defined __x86_64__
static int writes_base; /* the kernel lets programs write the FS base */

static uintptr_t thread_pointer(void) {
  uintptr_t p;
  __asm__ volatile("mov %%fs:0, %0" : "=r"(p));
  return p;
}

/* arch_prctl directly: libc's wrapper writes errno, which is thread-local. */
static inline void become(uintptr_t p) {
  if (writes_base) {
    __asm__ volatile("wrfsbase %0" : : "r"(p) : "memory");
  } else {
    long result = SYS_arch_prctl;
    __asm__ volatile("syscall" : "+a"(result) : "D"(0x1002L), "S"(p) : "rcx", "r11", "memory");
  }
}

static void find_thread_pointer(void) { writes_base = (getauxval(AT_HWCAP2) & 2) != 0; }
#elif defined __aarch64__
static uintptr_t thread_pointer(void) {
  uintptr_t p;
  __asm__ volatile("mrs %0, tpidr_el0" : "=r"(p));
  return p;
}

static inline void become(uintptr_t p) { __asm__ volatile("msr tpidr_el0, %0" : : "r"(p) : "memory"); }

static void find_thread_pointer(void) {}
#endif

static void *end_at_once(void *argument) {
  ended.pointer = thread_pointer();
  return argument;
}

/* A free under the id of a thread that has exited: by then it has neither a cache nor an arena, and gets none. Such is the
   state of a thread that has ended. In 2.31 it must have had a cache, else it would get one now. */
static void become_ended(void) {
  if (ended.pointer == 0) {
    keep_own(1);
    create(&ended, end_at_once);
    pthread_join(ended.id, NULL);
    keep_own(0);
  }
  become(ended.pointer);
}
