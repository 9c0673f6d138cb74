/*
 * The operations made by threads that run side by side, as the scheduler lets them, so that they find arenas locked.
 *
 * Kept is what the program itself needs:
 *   - a thread makes its calls in its order;
 *   - what is done with a block is done in the log's order: a thread waits for a block that another has to hand over;
 *   - threads start and exit in the log's order, so that no more of them are alive at once than in the log.
 * No operation is made before one that precedes it by more than two windows: a program's threads keep pace with each other,
 * and its phases follow each other, by means that a log does not show.
 *
 * What a thread makes from its start to its exit is a life. The director, a thread of this program, starts and ends them,
 * and does what belongs to no living thread. The process's first thread lives as that of the log, unless that one exits.
 */

enum { LEAST_WINDOW = 512, MOST_WINDOW = 4096, WINDOWS = 200 };

/* For each operation, by its index; references to others are their index plus 1, or 0. */
static const struct operation *operations;
static uint32_t operation_count;
static uint32_t *next_of_life; /* THREAD: the first of the life that it starts is in `name` */
static uint32_t *after;        /* the one before with the same block, if another life makes it */
static uint32_t *name;         /* index in `blocks`: ids are used again by other threads, which need not wait for each other */
static uint8_t *state;
enum { UNAWAITED, AWAITED, SLEPT_FOR, DONE };

/* Windows of operations. `complete` of them, from the first on, have been done. */
static uint32_t window, window_count, complete;
static uint32_t *left;         /* in each window, operations to do */
static uint64_t *events_until; /* by the end of each window */
static uint64_t all_events, sample_due;

/* Changes whenever a thread that sleeps may go on. */
static uint32_t changes;

static uint32_t life_of_first; /* of the process's first thread: 0, until it begins */

static void change(void) {
  __atomic_add_fetch(&changes, 1, __ATOMIC_RELEASE);
  wake_all(&changes);
}

/* RSS is measured by the thread that completes a window, while others go on, by two windows at most. */
static void complete_windows(void) {
  static uint32_t lock;
  while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) sched_yield();
  uint32_t n = complete;
  while (n < window_count && __atomic_load_n(&left[n], __ATOMIC_ACQUIRE) == 0) n++;
  __atomic_store_n(&complete, n, __ATOMIC_RELEASE);
  if (n > 0 && n < window_count && events_until[n - 1] >= sample_due) {
    sample(events_until[n - 1]);
    sample_due = next_sample(events_until[n - 1], all_events);
  }
  __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
  change();
}

/* What a life has done of one window, and not yet subtracted from what is left. */
struct done { uint32_t window, count; };

static void settle(struct done *done) {
  if (done->count > 0 && __atomic_sub_fetch(&left[done->window], done->count, __ATOMIC_ACQ_REL) == 0) complete_windows();
  done->count = 0;
}

static int is_within_reach(uint32_t number) { return number <= __atomic_load_n(&complete, __ATOMIC_ACQUIRE) + 1; }

static void await_window(uint32_t number, struct done *done) {
  if (is_within_reach(number)) return;
  settle(done);
  for (;;) {
    uint32_t seen = __atomic_load_n(&changes, __ATOMIC_ACQUIRE);
    if (is_within_reach(number)) return;
    sleep_while(&changes, seen);
  }
}

static void await_operation(uint32_t index, struct done *done) {
  if (__atomic_load_n(&state[index], __ATOMIC_ACQUIRE) == DONE) return;
  settle(done);
  for (;;) {
    uint32_t seen = __atomic_load_n(&changes, __ATOMIC_ACQUIRE);
    uint8_t before = AWAITED;
    __atomic_compare_exchange_n(&state[index], &before, SLEPT_FOR, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    if (before == DONE) return;
    sleep_while(&changes, seen);
  }
}

static void is_done(uint32_t index, struct done *done) {
  if (__atomic_load_n(&state[index], __ATOMIC_RELAXED) != UNAWAITED &&
      __atomic_exchange_n(&state[index], DONE, __ATOMIC_ACQ_REL) == SLEPT_FOR) change();
  if (index / window != done->window) settle(done);
  done->window = index / window;
  done->count++;
}

static void live(uint32_t first) {
  struct done done = {0, 0};
  uint64_t argument = 0;
  for (uint32_t at = first; at != 0; at = next_of_life[at - 1]) {
    uint32_t index = at - 1;
    await_window(index / window, &done);
    if (after[index] != 0) await_operation(after[index] - 1, &done);
    perform(&operations[index], name[index], &argument);
    is_done(index, &done);
  }
  settle(&done);
}

static void *live_as_thread(void *argument) {
  struct thread *t = argument;
  t->pointer = thread_pointer();
  live(t->first);
  await_change(t, STARTING);
  return NULL;
}

static void begin_life(uint32_t number, uint32_t first, int is_first_thread) {
  if (is_first_thread) {
    __atomic_store_n(&life_of_first, first, __ATOMIC_RELEASE);
    change();
  } else {
    threads[number].first = first;
    create(&threads[number], live_as_thread);
  }
}

static uint32_t first_of_director;
static int first_thread_stays;

static void *direct(void *unused) {
  struct done done = {0, 0};
  uint64_t argument = 0;
  for (uint32_t at = first_of_director; at != 0; at = next_of_life[at - 1]) {
    uint32_t index = at - 1;
    const struct operation *one = &operations[index];
    await_window(index / window, &done);
    if (after[index] != 0) await_operation(after[index] - 1, &done);
    switch (one->kind) {
      case THREAD: begin_life(one->number, name[index], one->number == 0 && first_thread_stays); break;
      case EXIT: end(&threads[one->number]); break;
      case FREE_AFTER_EXIT: release_after_exit(name[index]); break;
      default: perform(one, name[index], &argument);
    }
    is_done(index, &done);
    /* The next one may wait for a thread that waits for this one. */
    settle(&done);
  }
  return unused;
}

/* ---- the columns above ------------------------------------------------------------------------------------------ */

/* A list of operations that is being made: where its next one is entered. */
struct list { uint32_t *end; };

static void add(struct list *list, uint32_t index) {
  *list->end = index + 1;
  list->end = &next_of_life[index];
}

static int has_block(uint8_t kind) {
  return (kind >= MALLOC && kind <= FREE) || kind == FREE_AFTER_EXIT || kind == WRITE || kind == ABSENT;
}

static int makes_block(uint8_t kind) { return kind >= MALLOC && kind <= PVALLOC && kind != REALLOC; }

/* Returns the number of names. */
static uint32_t fill_columns(const struct head *head) {
  struct user { uint32_t name, last, life; } *users = map_own(((size_t)head->blocks + 1) * sizeof *users, 0);
  struct life { struct list list; uint32_t number; } *lives = map_own(((size_t)head->threads + 1) * sizeof *lives, 0);
  struct life director = {{&first_of_director}, 0}, *living = &director;
  uint32_t names = 1, life_count = 0;
  uint64_t events = 0;
  for (uint32_t i = 0; i < operation_count; i++) {
    const struct operation *one = &operations[i];
    struct life *maker = living, *thread = &lives[one->number < head->threads ? one->number : 0];
    if (one->flags & BEGINS_EVENT) events++;
    if (i % window == 0) left[i / window] = 0;
    switch (one->kind) {
      case THREAD:
        living = thread;
        maker = NULL;
        if (thread->number == 0) {
          *thread = (struct life){{&name[i]}, ++life_count};
          maker = &director;
        }
        break;
      case EXIT:
        maker = thread->number == 0 ? NULL : &director;
        thread->number = 0;
        if (living == thread) living = &director;
        break;
      case FREE_AFTER_EXIT: maker = &director; break;
      default: break;
    }
    if (maker != NULL) {
      add(&maker->list, i);
      left[i / window]++;
    }
    if (has_block(one->kind)) {
      struct user *user = &users[one->number];
      if (makes_block(one->kind)) *user = (struct user){.name = names++};
      if (user->last != 0 && user->life != maker->number) {
        after[i] = user->last;
        state[user->last - 1] = AWAITED;
      }
      name[i] = user->name;
      user->last = i + 1;
      user->life = maker->number;
    }
    events_until[i / window] = events;
  }
  return names;
}

static void map_operations(int fd) {
  off_t bytes = lseek(fd, 0, SEEK_END);
  size_t count = ((size_t)bytes - sizeof(struct head)) / sizeof *operations;
  if (bytes < 0 || count >= UINT32_MAX) fail("too many operations");
  const char *file = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (file == MAP_FAILED) fail("the operations cannot be read");
  operations = (const struct operation *)(const void *)(file + sizeof(struct head));
  operation_count = (uint32_t)count;
}

/* Returns the time that the calls took, in nanoseconds, with samples. */
static uint64_t replay_side_by_side(int fd, const struct head *head) {
  map_operations(fd);
  next_of_life = map_own((size_t)operation_count * sizeof *next_of_life + 1, 1);
  after = map_own((size_t)operation_count * sizeof *after + 1, 1);
  name = map_own((size_t)operation_count * sizeof *name + 1, 1);
  state = map_own((size_t)operation_count + 1, 1);
  window = operation_count / WINDOWS;
  if (window < LEAST_WINDOW) window = LEAST_WINDOW;
  if (window > MOST_WINDOW) window = MOST_WINDOW;
  window_count = (operation_count + window - 1) / window;
  left = map_own((size_t)window_count * sizeof *left + 1, 1);
  events_until = map_own((size_t)window_count * sizeof *events_until + 1, 1);
  blocks = map_own((size_t)fill_columns(head) * sizeof *blocks, 1);
  first_thread_stays = !head->first_thread_exits;
  all_events = head->events;
  sample_due = next_sample(0, all_events);

  uint64_t begin = now();
  complete_windows();
  struct thread director = {0};
  create(&director, direct);
  for (int has_lived = 0; __atomic_load_n(&complete, __ATOMIC_ACQUIRE) < window_count;) {
    uint32_t seen = __atomic_load_n(&changes, __ATOMIC_ACQUIRE);
    uint32_t first = __atomic_load_n(&life_of_first, __ATOMIC_ACQUIRE);
    if (first != 0 && !has_lived) {
      has_lived = 1;
      live(first);
    } else if (__atomic_load_n(&complete, __ATOMIC_ACQUIRE) < window_count) {
      sleep_while(&changes, seen);
    }
  }
  uint64_t nanoseconds = now() - begin;
  pthread_join(director.id, NULL);
  return nanoseconds;
}
