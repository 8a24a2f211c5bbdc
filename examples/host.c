/*
** A host in C with a loop of its own: 60 frames a second, over epoll, and a strategy in Lua. The strategy's calls never
** block the host, and its Lua code gets 2 ms of each frame. At the end the strategy stops while the frames go on.
**
**   build/examples/host examples/strategy.lua [frames [url]]
**
** Without a url the strategy trades on a paper exchange. With a url it trades on the exchange there, with the key in
** BYBIT_API_KEY and BYBIT_API_SECRET.
*/
#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BUDGET 0.002 /* seconds of Lua in a frame, at most */

enum {
  RATE = 60,          /* frames a second */
  PATIENCE = 6 * RATE /* frames that the strategy has to stop by itself before it is cancelled */
};

/* The Lua side of the host. The strategy can use its client and some functions: no files, no programs, no modules, no
** debug library, no bytecode. It returns the functions that the host calls. */
static const char boot[] =
    "local path, url = ...\n"
    "local bybit = require 'bybit'\n"
    "local client = bybit.client(url and { environment = { url = url }, credentials = 'env' }\n"
    "  or { environment = 'paper' })\n"
    "local function pick(from, names)\n"
    "  local to = {}\n"
    "  for name in names:gmatch '%w+' do to[name] = from[name] end\n"
    "  return to\n"
    "end\n"
    "local world = pick(_G, 'assert error ipairs next pairs pcall print select tonumber tostring type "
    "xpcall')\n"
    "world.math, world.string, world.table = pick(math, 'abs ceil floor huge max min random type'),\n"
    "  pick(string, 'find format gmatch gsub lower match sub upper'), pick(table, 'concat insert remove sort "
    "unpack')\n"
    "world.bybit = { codes = bybit.codes, enums = bybit.enums }\n"
    "for name in ('decimal iso time spawn sleep all race within wrap defer'):gmatch '%w+' do\n"
    "  world.bybit[name] = bybit[name]\n"
    "end\n"
    "local strategy = assert(loadfile(path, 't', world))\n"
    "bybit.blocking(false)\n" /* a blocking call would cost frames, so it raises instead */
    "local failed = false\n"
    "bybit.on_error(function(_, err, traceback)\n"
    "  failed = true\n"
    "  io.stderr:write(traceback or tostring(err), '\\n')\n"
    "end)\n"
    "local stop = bybit.cancel_token()\n"
    "local task = bybit.spawn(strategy, client, stop)\n"
    "return bybit.step, bybit.fd(), function() stop:cancel() end, function() task:cancel() end,\n"
    "  function() client:close() return failed end\n";

enum { STEP = 1, FD, STOP, CANCEL, CLOSE }; /* the results of 'boot': their places on the stack */

static volatile sig_atomic_t interrupted; /* SIGINT or SIGTERM came */

static void on_signal(int number) {
  (void)number;
  interrupted = 1;
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void check(lua_State *L, int status) {
  if (status == LUA_OK) return;
  fprintf(stderr, "host: %s\n", lua_tostring(L, -1));
  exit(1);
}

/* Calls the function at 'index' with the first 'count' of two numbers; leaves its one result on the stack. */
static void call(lua_State *L, int index, int count, double wait, double budget) {
  lua_pushvalue(L, index);
  if (count > 0) lua_pushnumber(L, wait);
  if (count > 1) lua_pushnumber(L, budget);
  check(L, lua_pcall(L, count, 1, 0));
}

/* Adds a descriptor to epoll, or changes it. */
static void watch(int epoll, int how, int fd, uint32_t events) {
  struct epoll_event e = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll, how, fd, &e) != 0) fail("epoll_ctl");
}

/* A timerfd that is readable once a frame. */
static int start_ticks(void) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct itimerspec every = {.it_interval.tv_nsec = 1000000000 / RATE, .it_value.tv_nsec = 1000000000 / RATE};
  if (fd < 0 || timerfd_settime(fd, 0, &every, NULL) != 0) fail("timerfd");
  return fd;
}

/* Runs the frames until the strategy has ended. Returns the most seconds that Lua took of one frame. */
static double loop(lua_State *L, int epoll, int ticks, int frames) {
  int ours = (int)lua_tointeger(L, FD), frame = 0, ended = -1;
  double spent = 0, worst = 0;
  lua_Integer live = 1;
  while (live > 0) {
    struct epoll_event e;
    int n = epoll_wait(epoll, &e, 1, -1);
    if (n < 0 && errno != EINTR) fail("epoll_wait");
    if (n > 0 && e.data.fd == ticks) {
      uint64_t times;
      if (read(ticks, &times, sizeof times) != sizeof times) continue;
      frame++; /* here a game would draw, and a server would serve its clients */
      spent = 0;
    }
    if (ended < 0 && (interrupted || frame >= frames)) {
      ended = frame;
      call(L, STOP, 0, 0, 0); /* tells the strategy to stop; calls in flight go on */
      lua_pop(L, 1);
    }
    if (ended >= 0 && frame == ended + PATIENCE) {
      call(L, CANCEL, 0, 0, 0);
      lua_pop(L, 1);
    }
    if (n <= 0) continue;
    double before = seconds();
    if (spent < BUDGET) {
      call(L, STEP, 2, 0, BUDGET - spent);
      live = lua_tointeger(L, -1);
      lua_pop(L, 1);
    }
    spent += seconds() - before;
    if (spent > worst) worst = spent;
    if (spent < BUDGET)
      watch(epoll, EPOLL_CTL_MOD, ours, EPOLLIN | EPOLLONESHOT); /* else in the next frame */
  }
  printf("host: %d frames, %s\n", frame, interrupted ? "interrupted" : "stopped");
  return worst;
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: host strategy.lua [frames [url]]\n"), 2;
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  lua_State *L = luaL_newstate();
  if (L == NULL) fail("lua");
  luaL_openlibs(L); /* for the module; the strategy gets only what 'boot' picks */
  check(L, luaL_loadbufferx(L, boot, sizeof boot - 1, "=boot", "t"));
  lua_pushstring(L, argv[1]);
  lua_pushstring(L, argc > 3 ? argv[3] : NULL);
  check(L, lua_pcall(L, 2, CLOSE, 0));
  int epoll = epoll_create1(EPOLL_CLOEXEC), ticks = start_ticks();
  if (epoll < 0) fail("epoll");
  watch(epoll, EPOLL_CTL_ADD, ticks, EPOLLIN);
  watch(epoll, EPOLL_CTL_ADD, (int)lua_tointeger(L, FD), EPOLLIN | EPOLLONESHOT);
  double worst = loop(L, epoll, ticks, argc > 2 ? atoi(argv[2]) : 10 * RATE);
  call(L, CLOSE, 0, 0, 0);
  bool failed = lua_toboolean(L, -1);
  lua_close(L);
  close(ticks);
  close(epoll);
  fprintf(stderr, "host: Lua had at most %.2f ms of a frame\n", worst * 1000);
  return failed ? 1 : 0;
}
