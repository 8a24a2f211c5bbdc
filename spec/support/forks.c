/*
** Runs a Lua script that can fork. fork(f) runs f in a child process, waits for it, and returns its exit status: 0 when f
** returned, 1 when it raised. The child exits without closing its Lua state. fork(f, true) does not wait.
** usage: forks script.lua
*/
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int l_fork(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  int stays = lua_toboolean(L, 2);
  lua_settop(L, 1);
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) return luaL_error(L, "fork failed");
  if (child == 0) {
    int failed = lua_pcall(L, 0, 0, 0) != LUA_OK;
    if (failed) fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
    fflush(NULL);
    _exit(failed);
  }
  if (stays) return 0;
  int status = 0;
  waitpid(child, &status, 0);
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: forks script.lua\n"), 2;
  lua_State *L = luaL_newstate();
  if (L == NULL) return 1;
  luaL_openlibs(L);
  lua_register(L, "fork", l_fork);
  int failed = luaL_dofile(L, argv[1]);
  if (failed) fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
  lua_close(L);
  return failed;
}
