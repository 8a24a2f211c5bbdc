/* What stands around each request of the exchange: the receive window before it, and the answer that says that it was carried out. */
#include "answer.h"
#include "parts.h"

#include <lauxlib.h>
#include <stdbool.h>

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

/* The header lines of an answer, in their order. Behind the upvalues of what writes, engine_done has their names, and values that never
** change. */
enum { TYPE = ANSWER_UPVALUES + 1, TYPE_VALUE, TIME, TRACE, CODE, ZERO };

static const char *const words[] = {
    "Content-Type", "application/json; charset=utf-8", "Timenow", "Traceid", "Ret_code", "0"};

static void keep_word(lua_State *L, int upvalue, lua_Integer place) {
  lua_pushvalue(L, lua_upvalueindex(upvalue));
  lua_rawseti(L, -2, place);
}

/* 16 hex digits, twice. */
static void write_trace(char text[32], uint64_t a, uint64_t b) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 15; i >= 0; i--, a >>= 4, b >>= 4) {
    text[i] = digits[a & 15];
    text[i + 16] = digits[b & 15];
  }
}

/* Moves the header lines of the table at 'from', when there is one, behind those in the table on top of the stack. */
static void add_lines(lua_State *L, int from, lua_Integer place) {
  if (!lua_istable(L, from)) return;
  lua_Integer count = (lua_Integer)lua_rawlen(L, from);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, from, i);
    lua_rawseti(L, -2, place + i);
  }
}

static int engine_done(lua_State *L) {
  enum { RESULT = 1, NOW, MIXED, COUNT, LINES };
  static const char before[] = "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":",
                    after[] = ",\"retExtInfo\":{},\"time\":";
  char trace[32];
  Answer a;
  int64_t now = luaL_checkinteger(L, NOW);
  write_trace(trace, (uint64_t)luaL_checkinteger(L, MIXED), (uint64_t)luaL_checkinteger(L, COUNT));
  lua_settop(L, LINES);
  answer_begin(&a, L);
  answer_bytes(&a, before, sizeof before - 1);
  if (lua_type(L, RESULT) == LUA_TSTRING) {
    size_t size;
    const char *text = lua_tolstring(L, RESULT, &size);
    answer_bytes(&a, text, size);
  } else
    answer_value(&a, RESULT);
  answer_bytes(&a, after, sizeof after - 1);
  size_t digits = a.size;
  answer_integer(&a, now);
  lua_pushlstring(L, a.text + digits, a.size - digits);
  answer_bytes(&a, "}", 1);
  answer_push(&a);
  lua_createtable(L, lua_istable(L, LINES) ? 14 : 8, 0);
  keep_word(L, TYPE, 1);
  keep_word(L, TYPE_VALUE, 2);
  keep_word(L, TIME, 3);
  lua_pushvalue(L, LINES + 1);
  lua_rawseti(L, -2, 4);
  keep_word(L, TRACE, 5);
  lua_pushlstring(L, trace, sizeof trace);
  lua_rawseti(L, -2, 6);
  keep_word(L, CODE, 7);
  keep_word(L, ZERO, 8);
  add_lines(L, LINES, 8);
  return 2;
}

/* Pushes a function that writes, with the metatables at the first places of the stack. */
static void push_writer(lua_State *L, lua_CFunction f) {
  enum { ROOM = 4096 };
  int count = (int)(sizeof words / sizeof *words);
  for (int kind = ANSWER_OBJECT; kind <= ANSWER_DECIMAL; kind++) lua_pushvalue(L, kind);
  lua_newuserdatauv(L, ROOM, 0);
  for (int i = 0; i < count; i++) lua_pushstring(L, words[i]);
  lua_pushcclosure(L, f, ANSWER_UPVALUES + count);
}

int engine_writer(lua_State *L) {
  for (int kind = ANSWER_OBJECT; kind <= ANSWER_DECIMAL; kind++) luaL_checktype(L, kind, LUA_TTABLE);
  lua_settop(L, ANSWER_DECIMAL);
  lua_createtable(L, 0, 2);
  push_writer(L, engine_encode);
  lua_setfield(L, -2, "encode");
  push_writer(L, engine_done);
  lua_setfield(L, -2, "done");
  return 1;
}
