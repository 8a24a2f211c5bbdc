/* What stands around each request of the exchange: the receive window before it, and the answer that says that it was carried out. */
#include "parts.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Reads decimal digits, and nothing else, that fit an integer. */
static bool read_digits(const char *text, size_t size, lua_Integer *out) {
  lua_Integer n = 0;
  if (size == 0) return false;
  for (size_t i = 0; i < size; i++) {
    int digit = text[i] - '0';
    if (digit < 0 || digit > 9 || n > (LUA_MAXINTEGER - digit) / 10) return false;
    n = n * 10 + digit;
  }
  *out = n;
  return true;
}

/* The digits of the text at 'index'; false when it is none, or has others. */
static bool digits_at(lua_State *L, int index, lua_Integer *out) {
  size_t size;
  const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : NULL;
  return text != NULL && read_digits(text, size, out);
}

int engine_in_window(lua_State *L) {
  enum { WINDOW = 5000, WINDOW_MAX = 60000, AHEAD = 1000 }; /* ms */
  lua_Integer sent, window = WINDOW, now = luaL_checkinteger(L, 3);
  bool read = digits_at(L, 1, &sent) && (!lua_toboolean(L, 2) || digits_at(L, 2, &window));
  lua_pushboolean(L,
                  read && window >= 1 && window <= WINDOW_MAX && now - window <= sent && sent < now + AHEAD);
  return 1;
}

/* ---- the answer ---- */

/* The header lines of an answer, in their order. The upvalues of engine_done are their names, and values that never change. */
enum { TYPE = 1, TYPE_VALUE, TIME, TRACE, CODE, ZERO, NAMES = ZERO };

#define TYPE_NAME  "Content-Type"
#define TYPE_TEXT  "application/json; charset=utf-8"
#define TIME_NAME  "Timenow"
#define TRACE_NAME "Traceid"
#define CODE_NAME  "Ret_code"
#define CODE_TEXT  "0"

static const char *const words[NAMES] = {TYPE_NAME, TYPE_TEXT, TIME_NAME, TRACE_NAME, CODE_NAME, CODE_TEXT};

/* The arguments of engine_done. */
enum { RESULT = 1, NOW, MIXED, COUNT, LINES };

enum { DIGITS = 24, TRACE_SIZE = 32 };

typedef struct Stamp {
  char time[DIGITS];
  size_t time_size;
  char trace[TRACE_SIZE];
} Stamp;

/* 16 hex digits, twice. */
static void write_trace(char text[TRACE_SIZE], uint64_t a, uint64_t b) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 15; i >= 0; i--, a >>= 4, b >>= 4) {
    text[i] = digits[a & 15];
    text[i + 16] = digits[b & 15];
  }
}

/* Reads the arguments, and pushes the body. */
static void push_body(lua_State *L, Stamp *stamp) {
  static const char before[] = "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":",
                    after[] = ",\"retExtInfo\":{},\"time\":";
  luaL_Buffer b;
  size_t size;
  lua_settop(L, LINES);
  const char *result = luaL_checklstring(L, RESULT, &size);
  stamp->time_size =
      (size_t)snprintf(stamp->time, sizeof stamp->time, "%" PRId64, (int64_t)luaL_checkinteger(L, NOW));
  write_trace(stamp->trace, (uint64_t)luaL_checkinteger(L, MIXED), (uint64_t)luaL_checkinteger(L, COUNT));
  luaL_buffinit(L, &b);
  luaL_addlstring(&b, before, sizeof before - 1);
  luaL_addlstring(&b, result, size);
  luaL_addlstring(&b, after, sizeof after - 1);
  luaL_addlstring(&b, stamp->time, stamp->time_size);
  luaL_addchar(&b, '}');
  luaL_pushresult(&b);
}

static void keep_word(lua_State *L, int upvalue, lua_Integer place) {
  lua_pushvalue(L, lua_upvalueindex(upvalue));
  lua_rawseti(L, -2, place);
}

/* Moves the header lines of the table at LINES, when there is one, behind those in the table on top of the stack. */
static void add_lines(lua_State *L, lua_Integer place) {
  if (!lua_istable(L, LINES)) return;
  lua_Integer count = (lua_Integer)lua_rawlen(L, LINES);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, LINES, i);
    lua_rawseti(L, -2, place + i);
  }
}

static int engine_done(lua_State *L) {
  Stamp stamp;
  push_body(L, &stamp);
  lua_createtable(L, lua_istable(L, LINES) ? 14 : 8, 0);
  keep_word(L, TYPE, 1);
  keep_word(L, TYPE_VALUE, 2);
  keep_word(L, TIME, 3);
  lua_pushlstring(L, stamp.time, stamp.time_size);
  lua_rawseti(L, -2, 4);
  keep_word(L, TRACE, 5);
  lua_pushlstring(L, stamp.trace, sizeof stamp.trace);
  lua_rawseti(L, -2, 6);
  keep_word(L, CODE, 7);
  keep_word(L, ZERO, 8);
  add_lines(L, 8);
  return 2;
}

int engine_told(lua_State *L) {
  Stamp stamp;
  luaL_Buffer b;
  push_body(L, &stamp);
  lua_Integer count = lua_istable(L, LINES) ? (lua_Integer)lua_rawlen(L, LINES) : 0;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, TYPE_NAME ": " TYPE_TEXT "\r\n" TIME_NAME ": ");
  luaL_addlstring(&b, stamp.time, stamp.time_size);
  luaL_addstring(&b, "\r\n" TRACE_NAME ": ");
  luaL_addlstring(&b, stamp.trace, sizeof stamp.trace);
  luaL_addstring(&b, "\r\n" CODE_NAME ": " CODE_TEXT "\r\n");
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, LINES, i);
    luaL_checkstring(L, -1);
    luaL_addvalue(&b);
    luaL_addstring(&b, i % 2 == 1 ? ": " : "\r\n");
  }
  luaL_pushresult(&b);
  return 2;
}

void engine_push_done(lua_State *L) {
  for (int i = 0; i < NAMES; i++) lua_pushstring(L, words[i]);
  lua_pushcclosure(L, engine_done, NAMES);
}
