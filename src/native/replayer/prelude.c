/*
 * Makes the calls of a file again with whatever allocator the process has, and measures the resident memory of its heaps.
 *
 *     replayer version                              prints the version of glibc, and the bytes of a page, if the allocator can be used
 *     replayer FILE [free] [samples=N] [at=EVENT]… [every=K] [trim] [small-pages]
 *
 * FILE holds the operations (src/native-replay/operations.ts writes it, and has the layout). They are made in their order
 * (in-order.c), or, with `free`, by threads that run side by side (side-by-side.c). RSS is measured N times at equal
 * distances, after each EVENT, and at the end; `every` makes the malloc_trim calls of the file's schedule number K,
 * `trim` one more at the end; `small-pages` turns transparent huge pages off. Lines on standard output:
 *
 *     sample EVENTS BYTES     RSS after so many events
 *     end BYTES               RSS at the end
 *     purged BYTES            RSS after another allocator has returned the free memory that it keeps for a time
 *     highwater BYTES         lower bound of the peak between samples, from the kernel's high-water mark of the process
 *     failed N                calls that returned NULL
 *     nanoseconds N           time of the calls, without samples
 *
 * The allocator sees the calls of the file and no others: what libc and ld.so allocate for themselves, such as a new
 * thread's DTV, is served from memory of this program, which is shared memory, so that it is told apart from heaps.
 *
 * Built with symbols and a start that all glibcs from 2.17 on have.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <gnu/libc-version.h>

#if defined __x86_64__
#define OLDEST "GLIBC_2.2.5"
#elif defined __aarch64__
#define OLDEST "GLIBC_2.17"
#endif

/* A sanitizer is the allocator itself, and can run neither before libraries nor below another malloc. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* 2.34 gave these symbols new versions when it merged libpthread and libdl. */
__asm__(".symver pthread_create, pthread_create@" OLDEST);
__asm__(".symver pthread_join, pthread_join@" OLDEST);
__asm__(".symver pthread_attr_init, pthread_attr_init@" OLDEST);
__asm__(".symver pthread_attr_setstack, pthread_attr_setstack@" OLDEST);
__asm__(".symver dlsym, dlsym@" OLDEST);
__asm__(".symver dladdr, dladdr@" OLDEST);
