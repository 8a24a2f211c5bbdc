/* What a program under callgrind tells it: to count from here on, and to write what it has counted into its next file. */
#ifndef BYBIT_BENCH_COUNTING_H
#define BYBIT_BENCH_COUNTING_H

#ifdef __has_include
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#endif
#endif

static inline void counting_zero(void) {
#ifdef CALLGRIND_ZERO_STATS
  CALLGRIND_ZERO_STATS;
#endif
}

static inline void counting_dump(void) {
#ifdef CALLGRIND_DUMP_STATS
  CALLGRIND_DUMP_STATS;
#endif
}

#endif
