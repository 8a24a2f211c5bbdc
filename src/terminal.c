/*
** What a session at a terminal needs of the system: Ctrl-C as a function that is called, waiting for a key and for
** the event loop at once, whether there is a terminal and how wide it is. For the REPL and the command; no client
** uses it. A signal belongs to the process, so one Lua state at a time has Ctrl-C; who has it holds a userdata.
*/
#include "terminal.h"

#include <lauxlib.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#define CATCH "bybit.terminal.catch"

static const char KEY; /* its address: the registry's key of the function that Ctrl-C calls */

static lua_State *volatile holder;    /* main thread of the state that has Ctrl-C; NULL: none */
static volatile sig_atomic_t pressed; /* Ctrl-C came and nobody was told */

typedef struct Catch {
  bool active;
  struct sigaction before; /* what Ctrl-C did */
} Catch;

/* ---- Ctrl-C ---- */

static void told(lua_State *L) {
  pressed = 0;
  lua_sethook(L, NULL, 0, 0);
}

/* Runs between two instructions of the program, so it may call Lua, and raise. */
static void on_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  told(L);
  if (!lua_checkstack(L, 4)) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY);
  lua_call(L, 0, 0);
}

/* As in lua.c: setting a hook is the one thing that a signal handler may do to a Lua state. */
static void on_signal(int number) {
  (void)number;
  lua_State *L = holder;
  pressed = 1;
  if (L != NULL) lua_sethook(L, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* close, __close and __gc alike: may run twice, never raises. */
static int catch_close(lua_State *L) {
  Catch *c = luaL_checkudata(L, 1, CATCH);
  if (!c->active) return 0;
  c->active = false;
  sigaction(SIGINT, &c->before, NULL);
  told(holder);
  holder = NULL;
  return 0;
}

/* catch(f) -> a userdata: until it is closed Ctrl-C calls f, on the main thread, at the next instruction of Lua or
** end of a wait; f may raise. Raises when somebody has Ctrl-C already. */
static int l_catch(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  if (holder != NULL) return luaL_error(L, "Ctrl-C is taken: a session runs in this process already");
  Catch *c = lua_newuserdatauv(L, sizeof *c, 0);
  c->active = false;
  luaL_setmetatable(L, CATCH);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  holder = lua_tothread(L, -1);
  lua_pop(L, 1);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal; /* no SA_RESTART: what waits is to wake */
  sigemptyset(&action.sa_mask);
  c->active = sigaction(SIGINT, &action, &c->before) == 0;
  return 1;
}

/* ---- waiting ---- */

/* Was Ctrl-C pressed, and not told yet? Then it is told now. */
static bool take_press(void) {
  if (!pressed || holder == NULL) return false;
  told(holder);
  return true;
}

/* pselect on at most two descriptors, 'other' -1 for none; what 'ready' tells of an error counts as ready. */
static int wait_for(int fd, int other, double seconds, const sigset_t *mask, fd_set *ready) {
  struct timespec time = {.tv_sec = (time_t)fmax(seconds, 0)};
  time.tv_nsec = (long)((fmax(seconds, 0) - (double)time.tv_sec) * 1e9);
  FD_ZERO(ready);
  FD_SET(fd, ready);
  if (other >= 0) FD_SET(other, ready);
  return pselect((fd > other ? fd : other) + 1, ready, NULL, NULL, seconds < 0 ? NULL : &time, mask);
}

/* await(fd [, other [, seconds]]) -> "input": fd can be read or is at its end; "other": so can the other
** descriptor; "interrupt": Ctrl-C, which is told here in place of being called; "timeout". */
static int l_await(lua_State *L) {
  lua_Integer fd = luaL_checkinteger(L, 1), other = luaL_optinteger(L, 2, -1);
  double seconds = luaL_optnumber(L, 3, -1);
  luaL_argcheck(L, fd >= 0 && fd < FD_SETSIZE, 1, "no descriptor that can be waited for");
  luaL_argcheck(L, other >= -1 && other < FD_SETSIZE, 2, "no descriptor that can be waited for");
  luaL_argcheck(L, seconds < 1e9, 3, "seconds expected");
  sigset_t blocked, before; /* so that no Ctrl-C falls between looking and waiting */
  fd_set ready;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  int n = pressed ? -1 : wait_for((int)fd, (int)other, seconds, &before, &ready);
  bool interrupt = take_press();
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (interrupt)
    lua_pushliteral(L, "interrupt");
  else if (n > 0)
    lua_pushstring(L, FD_ISSET((int)fd, &ready) ? "input" : "other");
  else
    lua_pushliteral(L, "timeout"); /* another signal's wake-up too: the caller waits again */
  return 1;
}

/* pending(whether): what Ctrl-C called has not ended the wait that it belongs to, since that had not begun: the next
** one ends at once. */
static int l_pending(lua_State *L) {
  pressed = lua_toboolean(L, 1);
  return 0;
}

/* ---- the terminal ---- */

/* size() -> columns, rows of the terminal that standard output is; nil when it is none or does not tell. */
static int l_size(lua_State *L) {
  struct winsize size = {0};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 0;
  lua_pushinteger(L, size.ws_col);
  lua_pushinteger(L, size.ws_row);
  return 2;
}

static int l_is_terminal(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

void terminal_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"catch", l_catch},
                                       {"await", l_await},
                                       {"pending", l_pending},
                                       {"size", l_size},
                                       {"is_terminal", l_is_terminal},
                                       {NULL, NULL}};
  luaL_newmetatable(L, CATCH);
  lua_pushcfunction(L, catch_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, catch_close);
  lua_setfield(L, -2, "__close");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "terminal");
}
