/* When RSS is measured. */

enum { MOST_MOMENTS = 1024 };

static struct {
  uint64_t count, at[MOST_MOMENTS];
  size_t at_count;
} samples;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t sampling_nanoseconds;

static uint64_t sample(uint64_t events) {
  uint64_t begin = now();
  uint64_t bytes = heap_rss();
  put("sample ");
  put_number(events);
  put_line("", bytes);
  sampling_nanoseconds += now() - begin;
  return bytes;
}

/* The number of events, of `all`, after which the next sample is due, once `events` have been. */
static uint64_t next_sample(uint64_t events, uint64_t all) {
  uint64_t next = UINT64_MAX;
  if (samples.count > 0) {
    uint64_t step = all / samples.count + 1;
    next = (events / step + 1) * step;
  }
  for (size_t i = 0; i < samples.at_count; i++)
    if (samples.at[i] > events && samples.at[i] < next) next = samples.at[i];
  return next;
}
