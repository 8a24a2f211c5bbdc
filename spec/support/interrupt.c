/*
** Ctrl-C at a chosen moment, for specs. At the n-th allocation of Lua from now it sets a hook on the main thread, as the
** signal handler of lua.c does. The hook raises "interrupted!" in whatever runs there next.
*/
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

static lua_Alloc before; /* the allocator of the Lua state, which ours calls */
static void *before_ud;  /* its argument */
static lua_State *first; /* the main thread */
static lua_Integer left; /* allocations until Ctrl-C comes; 0: it does not */
static int came;         /* how often the hook has raised */

/* The hook. */
static void strike(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  came++;
  luaL_error(L, "interrupted!");
}

static void press(void) {
  lua_sethook(first, strike, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static void *allocate(void *ud, void *block, size_t old_size, size_t size) {
  (void)ud;
  if (size > 0 && left > 0 && --left == 0) press();
  return before(before_ud, block, old_size, size);
}

/* at(n): Ctrl-C comes at the n-th allocation. */
static int l_at(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  came = 0;
  left = n;
  return 0;
}

/* press(): Ctrl-C comes now. */
static int l_press(lua_State *L) {
  (void)L;
  came = 0;
  press();
  return 0;
}

/* off() -> was the n-th allocation reached?, how often the hook has raised. Ctrl-C does not come any more. */
static int l_off(lua_State *L) {
  lua_pushboolean(L, left == 0);
  lua_pushinteger(L, came);
  left = 0;
  if (lua_gethook(first) == strike) lua_sethook(first, NULL, 0, 0);
  return 2;
}

__attribute__((visibility("default"))) int luaopen_interrupt(lua_State *L);

int luaopen_interrupt(lua_State *L) {
  static const luaL_Reg functions[] = {{"at", l_at}, {"press", l_press}, {"off", l_off}, {NULL, NULL}};
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  first = lua_tothread(L, -1);
  lua_pop(L, 1);
  before = lua_getallocf(L, &before_ud);
  lua_setallocf(L, allocate, before_ud);
  luaL_newlib(L, functions);
  return 1;
}
