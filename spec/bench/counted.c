/*
** What the counting of instructions and allocations needs inside of the program that is counted: valgrind's counts, set to zero and
** written, and an allocator between Lua and its own that counts. Preloaded, it stops the clock that Lua draws its hash seed from: with
** another seed other words collide, which changes the counts by up to 1 %.
*/
#include <lauxlib.h>
#include <lua.h>
#include <sys/resource.h>
#include <unistd.h>
#include "counting.h"
#include "timing.h"

typedef struct Count {
  lua_Alloc before; /* the allocator of the Lua state, which ours calls */
  void *before_ud;  /* its argument */
  lua_Integer blocks, bytes;
} Count;

static Count counts;

static void *allocate(void *ud, void *block, size_t old_size, size_t size) {
  Count *c = ud;
  if (block == NULL) old_size = 0; /* it says what kind of object the new block is for */
  if (size > old_size) {
    c->blocks++;
    c->bytes += (lua_Integer)(size - old_size);
  }
  return c->before(c->before_ud, block, old_size, size);
}

/* watch(): counts allocations from now on. */
static int l_watch(lua_State *L) {
  counts.before = lua_getallocf(L, &counts.before_ud);
  lua_setallocf(L, allocate, &counts);
  return 0;
}

/* blocks, bytes = taken(): what was allocated or grew since the last call, while watching. */
static int l_taken(lua_State *L) {
  lua_pushinteger(L, counts.blocks);
  lua_pushinteger(L, counts.bytes);
  counts.blocks = counts.bytes = 0;
  return 2;
}

/* zero(): the instructions count from here on. */
static int l_zero(lua_State *L) {
  (void)L;
  counting_zero();
  return 0;
}

/* dump(): writes the instructions since zero() into callgrind's next file. */
static int l_dump(lua_State *L) {
  (void)L;
  counting_dump();
  return 0;
}

__attribute__((visibility("default"))) time_t time(time_t *out);

time_t time(time_t *out) {
  if (out != NULL) *out = 1700000000;
  return 1700000000;
}

/* pid(): the number of this process. */
static int l_pid(lua_State *L) {
  lua_pushinteger(L, getpid());
  return 1;
}

static double span(struct timeval t) {
  return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

/* cpu, wall, user, system = times(): seconds of this process, of a clock, and of the process's two parts. */
static int l_times(lua_State *L) {
  struct rusage usage;
  lua_pushnumber(L, timing_seconds(CLOCK_PROCESS_CPUTIME_ID));
  lua_pushnumber(L, timing_seconds(CLOCK_MONOTONIC));
  getrusage(RUSAGE_SELF, &usage);
  lua_pushnumber(L, span(usage.ru_utime));
  lua_pushnumber(L, span(usage.ru_stime));
  return 4;
}

/* seconds = now(): of a clock. */
static int l_now(lua_State *L) {
  lua_pushnumber(L, timing_seconds(CLOCK_MONOTONIC));
  return 1;
}

/* bytes = most_memory(): how much this process has had resident at most. */
static int l_most_memory(lua_State *L) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  lua_pushinteger(L, (lua_Integer)usage.ru_maxrss * 1024);
  return 1;
}

__attribute__((visibility("default"))) int luaopen_counted(lua_State *L);

int luaopen_counted(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"watch", l_watch}, {"taken", l_taken}, {"zero", l_zero}, {"dump", l_dump},
      {"times", l_times}, {"now", l_now},     {"pid", l_pid},   {"most_memory", l_most_memory},
      {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
