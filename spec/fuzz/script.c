/*
** Fuzzes what needs Lua. The core is linked into the program. The target is a Lua file beside this one, named by TARGET; it
** returns a function that gets the input. An error in the function is a finding.
*/
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int luaopen_bybit_core(lua_State *L);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lua_State *L;

/* A message handler that adds a traceback. */
static int traced(lua_State *from) {
  luaL_traceback(from, from, luaL_tolstring(from, 1, NULL), 1);
  return 1;
}

static void must(int status) {
  if (status == LUA_OK) return;
  fprintf(stderr, "%s\n", lua_tostring(L, -1));
  abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  L = luaL_newstate();
  if (L == NULL) abort();
  luaL_openlibs(L);
  luaL_requiref(L, "bybit.core", luaopen_bybit_core, 0);
  lua_settop(L, 0);
  lua_pushcfunction(L, traced);
  must(luaL_loadfile(L, "spec/fuzz/" TARGET ".lua"));
  must(lua_pcall(L, 0, 1, 1)); /* leaves on the stack: traced, the function */
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lua_pushvalue(L, 2);
  lua_pushlstring(L, size > 0 ? (const char *)data : "", size);
  must(lua_pcall(L, 1, 0, 1));
  return 0;
}
