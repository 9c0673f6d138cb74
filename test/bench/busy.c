/*
 * Computes for about a tenth of a second, and waits for nothing: two of them at once show how many processors there are.
 */
#include <stdint.h>

int main(void) {
  uint64_t state = 88172645463325252u;
  for (long i = 0; i < 100000000; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
  }
  return state == 0;
}
