/* What a contender in C says of a round (contender.lua): the time that each of its calls took, and the most memory so far. */
#ifndef BYBIT_BENCH_TIMING_H
#define BYBIT_BENCH_TIMING_H

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

typedef struct Timing {
  double cpu, wall; /* seconds */
} Timing;

static inline double timing_seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline Timing timing_now(void) {
  return (Timing){.cpu = timing_seconds(CLOCK_PROCESS_CPUTIME_ID), .wall = timing_seconds(CLOCK_MONOTONIC)};
}

/* Writes what 'count' calls took since 'from'. */
static inline void timing_tell(Timing from, int count) {
  const Timing to = timing_now();
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("cpu=%.4f wall=%.4f memory=%ld\n", (to.cpu - from.cpu) / count * 1e6,
         (to.wall - from.wall) / count * 1e6, usage.ru_maxrss * 1024);
  fflush(stdout);
}

#endif
