/*
 * The operations in their order, one after another.
 *
 * Each thread of the log is a thread here, with the thread-local state in which allocators keep caches and arenas. It
 * waits from its start to its exit: the first thread makes its calls for it, with the thread pointer of the other. So no
 * call waits for another thread to be scheduled.
 */

enum { OPERATIONS_READ = 1 << 15 };

static uintptr_t first_pointer; /* of the thread that makes all calls */

static void *wait_for_exit(void *argument) {
  struct thread *t = argument;
  t->pointer = thread_pointer();
  set_state(t, WAITING);
  await_change(t, WAITING);
  return NULL;
}

/* The process's first thread is that of the log, unless that one exits. */
static uintptr_t pointer_of(uint32_t number, const struct head *head) {
  struct thread *t = &threads[number];
  if (t->pointer == 0) {
    if (number == 0 && !head->first_thread_exits) {
      t->pointer = first_pointer;
    } else {
      become(first_pointer);
      create(t, wait_for_exit);
      await_change(t, STARTING);
    }
  }
  return t->pointer;
}

static void exit_in_order(struct thread *t) {
  become(first_pointer);
  if (t->pointer != 0 && t->pointer != first_pointer) end(t);
}

static void run(const struct operation *one, size_t count, const struct head *head) {
  static uint64_t events, next, argument;
  static uintptr_t caller;
  if (caller == 0) {
    caller = first_pointer;
    next = next_sample(0, head->events);
  }
  become(caller);
  for (const struct operation *last = one + count; one < last; one++) {
    if (one->flags & BEGINS_EVENT) {
      if (events == next) {
        become(first_pointer);
        sample(events);
        next = next_sample(events, head->events);
        become(caller);
      }
      events++;
    }
    switch (one->kind) {
      case THREAD: caller = pointer_of(one->number, head); become(caller); break;
      case EXIT: exit_in_order(&threads[one->number]); become(caller); break;
      case FREE_AFTER_EXIT: become(first_pointer); release_after_exit(one->number); become(caller); break;
      default: perform(one, one->number, &argument);
    }
  }
  become(first_pointer);
}

/* Returns the time that the calls took, in nanoseconds, with samples. */
static uint64_t replay_in_order(int fd, const struct head *head) {
  first_pointer = thread_pointer();
  blocks = map_own(((size_t)head->blocks + 1) * sizeof *blocks, 1);
  struct operation *read = map_own(OPERATIONS_READ * sizeof *read, 1);
  uint64_t begin = now();
  for (;;) {
    size_t bytes = read_whole(fd, read, OPERATIONS_READ * sizeof *read);
    if (bytes == 0) return now() - begin;
    run(read, bytes / sizeof *read, head);
  }
}
