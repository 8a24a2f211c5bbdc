/* A rolling window of time, for lua/bybit/paper/v5/limits.lua: when so many requests were let through, oldest first, in a ring. */
#include "parts.h"

#include <lauxlib.h>
#include <stdbool.h>

#define WINDOW "bybit.paper.window"

/* The ring is the window's user value. Its room is a power of two. */
typedef struct Window {
  size_t first, count, room;
  int64_t *times;
} Window;

static int window_new(lua_State *L) {
  enum { ROOM = 16 };
  Window *w = lua_newuserdatauv(L, sizeof *w, 1);
  *w = (Window){.room = ROOM};
  w->times = lua_newuserdatauv(L, ROOM * sizeof *w->times, 0);
  lua_setiuservalue(L, -2, 1);
  luaL_setmetatable(L, WINDOW);
  return 1;
}

static int64_t *at(Window *w, size_t i) {
  return &w->times[(w->first + i) & (w->room - 1)];
}

/* Doubles the room of the window at 1. */
static void grow(lua_State *L, Window *w) {
  int64_t *times = lua_newuserdatauv(L, w->room * 2 * sizeof *times, 0);
  for (size_t i = 0; i < w->count; i++) times[i] = *at(w, i);
  lua_setiuservalue(L, 1, 1); /* the old ring may go from here on */
  w->times = times;
  w->first = 0;
  w->room *= 2;
}

/* Forgets what was until then, and tells how many are left. */
static lua_Integer expire(Window *w, int64_t before) {
  while (w->count > 0 && *at(w, 0) <= before) {
    w->first = (w->first + 1) & (w->room - 1);
    w->count--;
  }
  return (lua_Integer)w->count;
}

/* take(window, now, span, limit, units) -> how many may pass now, which are counted; what is left; when there is room again: now, unless
** some may not pass */
static int window_take(lua_State *L) {
  Window *w = luaL_checkudata(L, 1, WINDOW);
  lua_Integer now = luaL_checkinteger(L, 2), span = luaL_checkinteger(L, 3), limit = luaL_checkinteger(L, 4),
              units = luaL_checkinteger(L, 5);
  lua_Integer room = limit - expire(w, now - span), granted = units < room ? units : room;
  if (granted < 0) granted = 0;
  for (lua_Integer i = 0; i < granted; i++) {
    if (w->count == w->room) grow(L, w);
    *at(w, w->count) = now;
    w->count++;
  }
  lua_pushinteger(L, granted);
  lua_pushinteger(L, room - granted);
  lua_pushinteger(L, granted < units && w->count > 0 ? *at(w, 0) + span : now);
  return 3;
}

/* used(window, now, span) -> how many were let through in the span that ends now */
static int window_used(lua_State *L) {
  Window *w = luaL_checkudata(L, 1, WINDOW);
  lua_pushinteger(L, expire(w, luaL_checkinteger(L, 2) - luaL_checkinteger(L, 3)));
  return 1;
}

void engine_push_windows(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"new", window_new}, {"take", window_take}, {"used", window_used}, {NULL, NULL}};
  luaL_newmetatable(L, WINDOW);
  lua_pop(L, 1);
  luaL_newlib(L, functions);
}
