/*
** A system without random bytes, for specs. Preloaded into a program, this takes the place of getrandom(2); the module of the
** same name switches it: no_random(true) lets it give nothing.
*/
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool dry;

__attribute__((visibility("default"))) ssize_t getrandom(void *buffer, size_t length, unsigned int flags) {
  if (!dry) return syscall(SYS_getrandom, buffer, length, flags);
  errno = ENOSYS;
  return -1;
}

static int l_switch(lua_State *L) {
  dry = lua_toboolean(L, 1);
  return 0;
}

__attribute__((visibility("default"))) int luaopen_no_random(lua_State *L);

int luaopen_no_random(lua_State *L) {
  lua_pushcfunction(L, l_switch);
  return 1;
}
