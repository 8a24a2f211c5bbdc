/*
** core.fork(f) -> a file. A child process, which is a copy of this one, calls f(); the texts that f returns can be read from the file,
** and its end is the end of the child. For work that is a pure function of what is there, such as a simulation: a child must not use
** clients, sockets or journals that its parent has made. Closing the file waits for the child.
*/
#include "fork.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD "bybit.child"

enum { PIECE = 4096 }; /* bytes read at a time */

typedef struct Child {
  FILE *file; /* owned; NULL: closed */
  pid_t pid;
} Child;

static Child *check(lua_State *L) {
  Child *c = luaL_checkudata(L, 1, CHILD);
  luaL_argcheck(L, c->file != NULL, 1, "it is closed");
  return c;
}

/* __gc and __close too: ends what has not ended. */
static int l_close(lua_State *L) {
  Child *c = luaL_checkudata(L, 1, CHILD);
  if (c->file == NULL) return 0;
  fclose(c->file);
  c->file = NULL;
  while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) continue;
  return 0;
}

/* read() -> all that the child has written, when it has ended */
static int l_read(lua_State *L) {
  Child *c = check(L);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  size_t size;
  do {
    char *room = luaL_prepbuffsize(&b, PIECE);
    size = fread(room, 1, PIECE, c->file);
    luaL_addsize(&b, size);
  } while (size > 0);
  luaL_pushresult(&b);
  return 1;
}

/* The child: calls the function on top of the stack, writes what it returns, and is gone. Nothing that the parent owns is closed. */
static _Noreturn void be_child(lua_State *L, int out) {
  FILE *file = fdopen(out, "w");
  bool done = lua_pcall(L, 0, 1, 0) == LUA_OK;
  size_t size;
  const char *text = lua_tolstring(L, -1, &size);
  if (file != NULL) {
    fputs(done ? "done\n" : "failed\n", file);
    if (text != NULL) fwrite(text, 1, size, file);
    fclose(file);
  }
  _exit(done ? 0 : 1);
}

static int l_fork(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  Child *c = lua_newuserdatauv(L, sizeof *c, 0);
  *c = (Child){0};
  luaL_setmetatable(L, CHILD);
  int ends[2];
  if (pipe(ends) != 0) return luaL_error(L, "fork: %s", strerror(errno));
  fflush(NULL); /* else what is buffered would be written twice */
  pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    lua_pushvalue(L, 1);
    be_child(L, ends[1]);
  }
  close(ends[1]);
  if (pid > 0) c->file = fdopen(ends[0], "r");
  if (c->file == NULL) {
    close(ends[0]);
    return luaL_error(L, "fork: %s", strerror(errno));
  }
  c->pid = pid;
  return 1;
}

void fork_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"read", l_read}, {"close", l_close}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", l_close}, {"__close", l_close}, {NULL, NULL}};
  luaL_newmetatable(L, CHILD);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, l_fork);
  lua_setfield(L, -2, "fork");
  lua_pushinteger(L, sysconf(_SC_NPROCESSORS_ONLN));
  lua_setfield(L, -2, "processors");
}
