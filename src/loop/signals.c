/*
** SIGINT and SIGTERM through sigaction and a pipe: the handler writes a byte; the loop reads it and cancels the token.
** Signal handlers belong to the process, and so does the static state here, so only one holder can exist at a time. A
** signal that is ignored when the holder is made (nohup, a background job of a shell) stays ignored.
*/
#include "signals.h"
#include "loop.h"
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define SIGNALS "bybit.signals"

/* The signals that are heard. */
static const int heard[] = {SIGINT, SIGTERM};
enum { COUNT = sizeof heard / sizeof *heard };

typedef struct Signals {          /* user value 1: the token */
  LoopWatch watch;                /* of the pipe's reading end; the first member, as on_byte casts it back */
  Loop *loop;                     /* of this Lua state */
  Token *token;                   /* cancelled by the first signal */
  int pipe[2];                    /* reading and writing end; -1: closed */
  bool holds;                     /* this holder has set the handlers */
  struct sigaction before[COUNT]; /* what the handlers were, to be restored */
} Signals;

static atomic_flag held = ATOMIC_FLAG_INIT; /* there is a holder in this process */
static volatile sig_atomic_t caught;        /* the number of the first signal; 0: none yet */
static volatile sig_atomic_t told = -1;     /* the pipe's writing end, for the handler */

/* The handler: only async-signal-safe functions. The second signal gets the default action, which ends the process. */
static void on_signal(int number) {
  int before = errno;
  if (caught != 0) {
    signal(number, SIG_DFL);
    raise(number); /* delivered when this handler returns */
  } else {
    caught = number;
    ssize_t written = write(told, "", 1);
    (void)written; /* if the pipe is full, the loop has a byte to read anyway */
  }
  errno = before;
}

/* The loop has found a byte in the pipe: cancels the token. */
static void on_byte(LoopWatch *watch, int events) {
  Signals *s = (Signals *)watch;
  char byte;
  (void)events;
  if (read(s->pipe[0], &byte, 1) == 1) token_cancel(s->token);
}

/* Sets the first 'count' handlers to what they were. */
static void restore(Signals *s, int count) {
  for (int i = 0; i < count; i++) sigaction(heard[i], &s->before[i], NULL);
}

/* Sets all handlers or, when one fails, none; then false with errno set. */
static bool install(Signals *s) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < COUNT; i++) sigaddset(&action.sa_mask, heard[i]);
  for (int i = 0; i < COUNT; i++) {
    if (sigaction(heard[i], NULL, &s->before[i]) == 0 &&
        (s->before[i].sa_handler == SIG_IGN || sigaction(heard[i], &action, NULL) == 0))
      continue;
    restore(s, i);
    return false;
  }
  return true;
}

/* Makes the pipe and watches it. False, with errno set, on failure; signals_close frees what was made. */
static bool open_pipe(Signals *s) {
  if (pipe(s->pipe) != 0) {
    s->pipe[0] = s->pipe[1] = -1;
    return false;
  }
  for (int i = 0; i < 2; i++)
    if (fcntl(s->pipe[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(s->pipe[i], F_SETFL, O_NONBLOCK) != 0)
      return false;
  return loop_watch(s->loop, &s->watch, s->pipe[0], LOOP_READ);
}

/* holder:close(), __close and __gc: restores the handlers and closes the pipe. May run twice; raises nothing. */
static int signals_close(lua_State *L) {
  Signals *s = luaL_checkudata(L, 1, SIGNALS);
  if (s->holds) {
    restore(s, COUNT);
    told = -1;
    caught = 0;
    atomic_flag_clear(&held);
  }
  s->holds = false;
  loop_unwatch(s->loop, &s->watch);
  for (int i = 0; i < 2; i++) {
    if (s->pipe[i] >= 0) close(s->pipe[i]);
    s->pipe[i] = -1;
  }
  return 0;
}

/* signals(token) -> a holder. Until it is closed, the first signal cancels the token. Raises when the process has a
** holder already. */
static int signals_new(lua_State *L) {
  Token *token = token_test(L, 1);
  luaL_argexpected(L, token != NULL, 1, TOKEN);
  lua_settop(L, 1);
  Signals *s = lua_newuserdatauv(L, sizeof *s, 1);
  *s = (Signals){.watch = {.ready = on_byte}, .loop = loop_get(L), .token = token, .pipe = {-1, -1}};
  luaL_setmetatable(L, SIGNALS);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  if (atomic_flag_test_and_set(&held))
    return luaL_error(L, "another part of this process catches the signals already");
  if (open_pipe(s)) {
    caught = 0;
    told = s->pipe[1];
    s->holds = install(s);
  }
  if (s->holds) return 1;
  int why = errno;
  atomic_flag_clear(&held);
  return luaL_error(L, "the signals cannot be caught: %s", strerror(why));
}

/* holder:caught() -> the number of the signal that came, or nothing */
static int signals_caught(lua_State *L) {
  const Signals *s = luaL_checkudata(L, 1, SIGNALS);
  if (!s->holds || caught == 0) return 0;
  lua_pushinteger(L, caught);
  return 1;
}

void signals_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"caught", signals_caught}, {"close", signals_close}, {NULL, NULL}};
  luaL_newmetatable(L, SIGNALS);
  lua_pushcfunction(L, signals_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, signals_close);
  lua_setfield(L, -2, "__close");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, signals_new);
  lua_setfield(L, -2, "signals");
}
