/*
** What an interactive session needs of the system: a function that Ctrl-C calls; waiting for a key and for the event loop
** at once; whether there is a terminal, and its size. The REPL and the command use it, clients do not. A signal belongs
** to the process, so one Lua state at a time can catch Ctrl-C; it holds a userdata for that.
*/
#include "terminal.h"

#include <dlfcn.h>
#include <lauxlib.h>
#include <link.h>
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

static const char KEY; /* its address is the registry's key of the function that Ctrl-C calls */

static lua_State *volatile holder;    /* main thread of the Lua state that catches Ctrl-C; NULL: none */
static volatile sig_atomic_t pressed; /* Ctrl-C was pressed, and the session was not told yet */

typedef struct Catch {
  bool active;             /* this userdata has set the handler */
  struct sigaction before; /* the handler before it, to be restored */
} Catch;

/* ---- Ctrl-C ---- */

/* The session is being told of Ctrl-C: forgets it, and removes the hook. */
static void told(lua_State *L) {
  pressed = 0;
  lua_sethook(L, NULL, 0, 0);
}

/* Calls the session's function. It runs between two instructions of the program, so the function may raise. */
static void on_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  told(L);
  if (!lua_checkstack(L, 4)) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY);
  lua_call(L, 0, 0);
}

/* The signal handler. As in lua.c, it sets a hook: that is the only thing it may do to a Lua state. */
static void on_signal(int number) {
  (void)number;
  lua_State *L = holder;
  pressed = 1;
  if (L != NULL) lua_sethook(L, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* __close and __gc: restores the handler. May run twice; raises nothing. */
static int catch_close(lua_State *L) {
  Catch *c = luaL_checkudata(L, 1, CATCH);
  if (!c->active) return 0;
  c->active = false;
  sigaction(SIGINT, &c->before, NULL);
  told(holder);
  holder = NULL;
  return 0;
}

/* catch(f) -> a userdata. Until it is closed, Ctrl-C calls f on the main thread, at the next instruction of Lua or at the
** end of a wait; f may raise. Raises when Ctrl-C is caught already. */
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
  action.sa_handler = on_signal; /* without SA_RESTART, so that Ctrl-C ends a wait */
  sigemptyset(&action.sa_mask);
  c->active = sigaction(SIGINT, &action, &c->before) == 0;
  return 1;
}

/* ---- waiting ---- */

/* Was Ctrl-C pressed without the session being told? Then the caller tells it now. */
static bool take_press(void) {
  if (!pressed || holder == NULL) return false;
  told(holder);
  return true;
}

/* pselect for reading on 'fd' and, unless it is -1, on 'other'. Negative 'seconds': no bound. 'mask' is the signal mask
** during the wait. Returns what pselect returns, and which descriptors are ready in '*ready'. */
static int wait_for(int fd, int other, double seconds, const sigset_t *mask, fd_set *ready) {
  struct timespec time = {.tv_sec = (time_t)fmax(seconds, 0)};
  time.tv_nsec = (long)((fmax(seconds, 0) - (double)time.tv_sec) * 1e9);
  FD_ZERO(ready);
  FD_SET(fd, ready);
  if (other >= 0) FD_SET(other, ready);
  return pselect((fd > other ? fd : other) + 1, ready, NULL, NULL, seconds < 0 ? NULL : &time, mask);
}

/* await(fd [, other [, seconds]]) -> "input": fd can be read, or is at its end; "other": the other descriptor can be
** read; "interrupt": Ctrl-C was pressed (the function of catch is then not called); "timeout" */
static int l_await(lua_State *L) {
  lua_Integer fd = luaL_checkinteger(L, 1), other = luaL_optinteger(L, 2, -1);
  double seconds = luaL_optnumber(L, 3, -1);
  luaL_argcheck(L, fd >= 0 && fd < FD_SETSIZE, 1, "a descriptor that select can wait for expected");
  luaL_argcheck(L, other >= -1 && other < FD_SETSIZE, 2, "a descriptor that select can wait for expected");
  luaL_argcheck(L, seconds < 1e9, 3, "seconds expected");
  sigset_t blocked, before; /* Ctrl-C is blocked from the look at 'pressed' until the wait */
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
    lua_pushliteral(L, "timeout"); /* also when another signal ended the wait: the caller waits again */
  return 1;
}

/* pending(whether): true when Ctrl-C came just before the wait that it should end. The next await then ends at once
** with "interrupt". */
static int l_pending(lua_State *L) {
  pressed = lua_toboolean(L, 1);
  return 0;
}

/* ---- the terminal ---- */

/* size() -> columns, rows of the terminal at standard output; nothing when there is none, or it does not tell */
static int l_size(lua_State *L) {
  struct winsize size = {0};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 0;
  lua_pushinteger(L, size.ws_col);
  lua_pushinteger(L, size.ws_row);
  return 2;
}

/* is_terminal(fd) -> is the descriptor a terminal? */
static int l_is_terminal(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

/* ---- readline's line ---- */

/* readline, as Lua's module of it has loaded it: that module cannot be asked for what is needed here. */
static int find_readline(struct dl_phdr_info *info, size_t size, void *found) {
  (void)size;
  const char *name = strrchr(info->dlpi_name, '/');
  if (name == NULL || strncmp(name, "/libreadline.", 13) != 0) return 0;
  *(void **)found = dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD);
  return 1;
}

static bool call_readline(void *library, const char *name) {
  int (*f)(void);
  *(void **)&f = dlsym(library, name);
  if (f != NULL) f();
  return f != NULL;
}

/* hide() takes the line that readline shows off the screen, so that something else can be printed there; show() draws it
** again, below. Both tell whether they could. */
static int on_line(lua_State *L, const char *first, const char *second) {
  void *library = NULL;
  dl_iterate_phdr(find_readline, &library);
  bool done =
      library != NULL && call_readline(library, first) && (second == NULL || call_readline(library, second));
  if (library != NULL) dlclose(library);
  lua_pushboolean(L, done);
  return 1;
}

static int l_hide(lua_State *L) {
  return on_line(L, "rl_clear_visible_line", NULL);
}

static int l_show(lua_State *L) {
  return on_line(L, "rl_on_new_line", "rl_redisplay");
}

void terminal_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"catch", l_catch},
                                       {"await", l_await},
                                       {"pending", l_pending},
                                       {"size", l_size},
                                       {"is_terminal", l_is_terminal},
                                       {"hide", l_hide},
                                       {"show", l_show},
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
