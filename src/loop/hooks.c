/*
** Debug hooks, see hooks.h. An error of a hook is recognized by the stack at the moment it is raised: a function of the
** kind "hook" is on it. Hooks are kept out of a function by running it in a coroutine, because a signal handler sets its
** hook on the main thread only.
*/
#include "hooks.h"

#include <lauxlib.h>
#include <string.h>

static const char KEY;    /* its address is the key of 'Hooks' in the registry */
static const char POSTED; /* the same for the error that hooks_post was given last */

struct Hooks {
  lua_State *first;      /* the main thread */
  int strikes;           /* how many errors of hooks were seen */
  lua_Hook stays;        /* the main thread's hook after hooks_run: of a debugger or profiler; NULL: none */
  const void *sheltered; /* the coroutine that hooks_shelter runs; compared, never followed */
};

Hooks *hooks_get(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY);
  Hooks *h = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return h;
}

static lua_State *main_of(lua_State *L) {
  return hooks_get(L)->first;
}

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

/* ---- running them ---- */

/* The hook that stays (of a debugger, say) is not new. */
bool hooks_new(Hooks *h) {
  lua_Hook hook = lua_gethook(h->first);
  if (hook == NULL) h->stays = NULL;
  return hook != h->stays;
}

bool hooks_due(lua_State *L) {
  Hooks *h = hooks_get(L);
  return h->first == L && hooks_new(h);
}

/* Calls an empty function, so that hooks run; 'first' is the main thread. When L is another thread, L gets the hook of
** the main thread for that call. If the hook replaces itself (the one of lua.c removes itself), the main thread gets the
** replacement. False: a hook raised, and the error is on the stack. */
static bool run(lua_State *L, lua_State *first) {
  lua_Hook lent = lua_gethook(first), own = lua_gethook(L);
  int mask = lua_gethookmask(L), count = lua_gethookcount(L);
  bool lend = first != L && lent != NULL;
  if (lend) lua_sethook(L, lent, lua_gethookmask(first), lua_gethookcount(first));
  lua_pushcfunction(L, nothing);
  bool fine = lua_pcall(L, 0, 0, 0) == LUA_OK;
  if (!lend) return fine;
  if (lua_gethook(L) != lent) lua_sethook(first, lua_gethook(L), lua_gethookmask(L), lua_gethookcount(L));
  lua_sethook(L, own, mask, count);
  return fine;
}

bool hooks_run(lua_State *L) {
  luaL_checkstack(L, 3, "interrupted");
  Hooks *h = hooks_get(L);
  lua_State *first = main_of(L);
  bool fine = run(L, first);
  if (!fine) h->strikes++;
  h->stays = lua_gethook(first);
  return fine;
}

/* The hook of hooks_post: it removes itself and raises the error. */
static void on_posted(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  if (!lua_checkstack(L, 2)) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &POSTED);
  lua_error(L);
}

void hooks_post(lua_State *L) {
  lua_rawsetp(L, LUA_REGISTRYINDEX, &POSTED);
  lua_sethook(main_of(L), on_posted, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* ---- telling them from other errors ---- */

/* Does a hook run now, itself or a function that it called? Then a function of the kind "hook" is near the top. */
static bool in_hook(lua_State *L) {
  enum { DEEP = 16 }; /* how many levels of the stack are looked at */
  lua_Debug ar;
  for (int level = 0; level < DEEP && lua_getstack(L, level, &ar); level++)
    if (lua_getinfo(L, "n", &ar) && strcmp(ar.namewhat, "hook") == 0) return true;
  return false;
}

/* A message handler: counts errors of hooks, and returns the error unchanged. */
static int on_error(lua_State *L) {
  if (in_hook(L)) hooks_get(L)->strikes++;
  lua_settop(L, 1);
  return 1;
}

int hooks_pcall(lua_State *L, int args, int results, bool *struck) {
  int base = lua_gettop(L) - args;
  Hooks *h = hooks_get(L);
  int before = h->strikes;
  lua_pushcfunction(L, on_error);
  lua_insert(L, base);
  int status = lua_pcall(L, args, results, base);
  lua_remove(L, base);
  *struck = status != LUA_OK && h->strikes != before;
  return status;
}

/* protect(f, ...): pcall for calls whose errors are dropped. An error of a hook is raised again. */
static int l_protect(lua_State *L) {
  bool struck;
  luaL_checkany(L, 1);
  int status = hooks_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, &struck);
  if (struck) return lua_error(L);
  lua_pushboolean(L, status == LUA_OK);
  lua_insert(L, 1);
  return lua_gettop(L);
}

/* ---- keeping them out ---- */

/* Gives 'co', which is on top of L, the hook of L. The debug library keeps a hook that Lua code has set in a table by
** thread, so the entry is copied too. */
static void lend_hook(lua_State *L, lua_State *co) {
  lua_sethook(co, lua_gethook(L), lua_gethookmask(L), lua_gethookcount(L));
  if (lua_getfield(L, LUA_REGISTRYINDEX, "_HOOKKEY") == LUA_TTABLE) {
    lua_pushvalue(L, -2);
    lua_pushthread(L);
    lua_rawget(L, -3);
    lua_rawset(L, -3);
  }
  lua_pop(L, 1);
}

/* Pushes a new coroutine without a hook of a signal; the hook of a debugger stays. */
static lua_State *shelter_new(lua_State *L, const Hooks *h) {
  lua_State *co = lua_newthread(L);
  lua_sethook(co, NULL, 0, 0);
  if (h->stays != NULL && lua_gethook(L) == h->stays) lend_hook(L, co);
  return co;
}

/* Closes the variables that the coroutine has to close, and pushes its error on L. */
static void take_error(lua_State *L, lua_State *co, int status) {
  bool closed = lua_resetthread(co) == LUA_OK;
  if (status == LUA_YIELD && closed)
    lua_pushliteral(L, "attempt to yield across a call of bybit");
  else
    lua_xmove(co, L, 1);
}

/* Runs the function below its 'args' arguments in a coroutine. L is the main thread. Returns a status of Lua's. In place
** of function and arguments the stack has the coroutine and, above it, '*count' results or one error. */
static int run_sheltered(lua_State *L, int args, int *count) {
  Hooks *h = hooks_get(L);
  const void *outer = h->sheltered;
  luaL_checkstack(L, 4, "shelter");
  lua_State *co = shelter_new(L, h);
  lua_insert(L, -args - 2);
  lua_xmove(L, co, args + 1);
  h->sheltered = co;
  int status = lua_resume(co, L, args, count);
  h->sheltered = outer;
  if (status != LUA_OK) {
    take_error(L, co, status);
    return status;
  }
  luaL_checkstack(L, *count, "too many results");
  lua_xmove(co, L, *count);
  return LUA_OK;
}

int hooks_shelter(lua_State *L, int args) {
  int count;
  if (main_of(L) != L) return -1;
  return run_sheltered(L, args, &count) == LUA_OK ? count : lua_error(L);
}

void hooks_quiet(lua_State *L, int args) {
  int base = lua_gettop(L) - args - 1, before = hooks_get(L)->strikes, count;
  bool struck;
  if (main_of(L) == L)
    struck = run_sheltered(L, args, &count) != LUA_OK && hooks_get(L)->strikes != before;
  else
    hooks_pcall(L, args, 0, &struck);
  if (struck) hooks_post(L);
  lua_settop(L, base);
}

/* below() -> the main thread, when the caller runs in the coroutine of hooks_shelter, since the call is made for that
** thread; else nothing */
static int l_below(lua_State *L) {
  if (hooks_get(L)->sheltered != L) return 0;
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  return 1;
}

/* place(thread, level) -> source, short_src, currentline of what runs at this level of the stack; nothing if there is no
** such level. nil: the caller's own thread. Here, since a host may leave out the library 'debug'. */
static int l_place(lua_State *L) {
  lua_State *co = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
  lua_Debug ar;
  if (!lua_getstack(co, (int)luaL_checkinteger(L, 2), &ar) || !lua_getinfo(co, "Sl", &ar)) return 0;
  lua_pushstring(L, ar.source);
  lua_pushstring(L, ar.short_src);
  lua_pushinteger(L, ar.currentline);
  return 3;
}

/* outside(thread, own, level) -> `file:line` of the first place from this level of the stack up, and no higher than level 40, that is in
** no file whose source begins with 'own'; nil when there is none. A wrong call and a failed one look for it: so nothing is made of the
** levels between. */
static int l_outside(lua_State *L) {
  enum { HIGHEST = 40 };
  lua_State *co = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
  size_t size;
  const char *own = luaL_checklstring(L, 2, &size);
  lua_Debug ar;
  for (int level = (int)luaL_checkinteger(L, 3); level <= HIGHEST; level++) {
    if (!lua_getstack(co, level, &ar) || !lua_getinfo(co, "Sl", &ar)) return 0;
    if (ar.currentline <= 0 || strncmp(ar.source, own, size) == 0) continue;
    lua_pushfstring(L, "%s:%d", ar.short_src, ar.currentline);
    return 1;
  }
  return 0;
}

/* traceback(text, level) -> the text and the stack from this level on, as debug.traceback writes it */
static int l_traceback(lua_State *L) {
  luaL_traceback(L, L, luaL_checkstring(L, 1), (int)luaL_checkinteger(L, 2));
  return 1;
}

void hooks_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"below", l_below},     {"outside", l_outside},     {"place", l_place},
                                       {"protect", l_protect}, {"traceback", l_traceback}, {NULL, NULL}};
  lua_pushboolean(L, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &POSTED); /* so that hooks_post needs no memory */
  if (hooks_get(L) == NULL) { /* the loop keeps its address, also when the module is loaded again */
    Hooks *h = lua_newuserdatauv(L, sizeof *h, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    *h = (Hooks){.first = lua_tothread(L, -1)};
    lua_pop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY);
  }
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "hooks");
}
