/* The functions that write answers, and the envelope of an answer: around its body, and its header lines. */
#include "answer.h"
#include "parts.h"

#include <lauxlib.h>
#include <string.h>

#define PUT(a, literal) answer_bytes(a, literal, sizeof(literal) - 1)

/* encode(value) -> JSON */
static int encode(lua_State *L) {
  Answer a;
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  answer_begin(&a, L);
  answer_value(&a, 1);
  lua_pushlstring(L, a.text, a.size);
  answer_end(&a);
  return 1;
}

enum { CODE = 1, MESSAGE, RESULT, EXTRA, NOW, SEED, COUNT, LIMIT, LEFT, RESET };

/* A part of the body: a value, JSON, or nil. */
static void part(Answer *a, int index) {
  size_t size;
  if (lua_isnil(a->L, index))
    PUT(a, "{}");
  else if (lua_type(a->L, index) == LUA_TSTRING) {
    const char *text = lua_tolstring(a->L, index, &size);
    answer_bytes(a, text, size);
  } else
    answer_value(a, index);
}

static void body(Answer *a, int64_t code, int64_t now) {
  size_t size;
  PUT(a, "{\"retCode\":");
  answer_integer(a, code);
  if (lua_type(a->L, MESSAGE) == LUA_TSTRING) {
    const char *message = lua_tolstring(a->L, MESSAGE, &size);
    PUT(a, ",\"retMsg\":");
    answer_quoted(a, message, size);
  }
  PUT(a, ",\"result\":");
  part(a, RESULT);
  PUT(a, ",\"retExtInfo\":");
  part(a, EXTRA);
  PUT(a, ",\"time\":");
  answer_integer(a, now);
  PUT(a, "}");
}

/* The trace id: another for each answer, the same in each run with the same seed. */
static void trace(Answer *a, uint64_t seed, uint64_t count) {
  static const char digits[] = "0123456789abcdef";
  uint64_t mixed = (seed ^ count * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);
  char text[32];
  mixed ^= mixed >> 31;
  for (int i = 15; i >= 0; i--, mixed >>= 4, count >>= 4) {
    text[i] = digits[mixed & 15];
    text[i + 16] = digits[count & 15];
  }
  answer_bytes(a, text, sizeof text);
}

/* Where the caller stands with its limit. */
static void limit_lines(Answer *a) {
  lua_State *L = a->L;
  if (lua_isnil(L, RESET)) return;
  if (!lua_isnil(L, LIMIT)) {
    PUT(a, "X-Bapi-Limit: ");
    answer_integer(a, luaL_checkinteger(L, LIMIT));
    PUT(a, "\r\n");
  }
  PUT(a, "X-Bapi-Limit-Status: ");
  answer_integer(a, luaL_checkinteger(L, LEFT));
  PUT(a, "\r\nX-Bapi-Limit-Reset-Timestamp: ");
  answer_integer(a, luaL_checkinteger(L, RESET));
  PUT(a, "\r\n");
}

static int answered(lua_State *L) {
  Answer a;
  lua_settop(L, RESET);
  int64_t code = luaL_checkinteger(L, CODE), now = luaL_checkinteger(L, NOW);
  uint64_t seed = (uint64_t)luaL_checkinteger(L, SEED), count = (uint64_t)luaL_checkinteger(L, COUNT);
  answer_begin(&a, L);
  body(&a, code, now);
  size_t size = a.size;
  PUT(&a, "Content-Type: application/json; charset=utf-8\r\nTimenow: ");
  answer_integer(&a, now);
  PUT(&a, "\r\nTraceid: ");
  trace(&a, seed, count);
  PUT(&a, "\r\nRet_code: ");
  answer_integer(&a, code);
  PUT(&a, "\r\n");
  limit_lines(&a);
  lua_pushlstring(L, a.text, size);
  lua_pushlstring(L, a.text + size, a.size - size);
  answer_end(&a);
  return 2;
}

/* Pushes a function that writes, with the metatables at the first places of the stack. */
static void push_writer(lua_State *L, lua_CFunction f) {
  for (int kind = ANSWER_OBJECT; kind <= ANSWER_DECIMAL; kind++) lua_pushvalue(L, kind);
  lua_newuserdatauv(L, ANSWER_ROOM, 0);
  lua_pushcclosure(L, f, ANSWER_UPVALUES);
}

int engine_writer(lua_State *L) {
  for (int kind = ANSWER_OBJECT; kind <= ANSWER_DECIMAL; kind++) luaL_checktype(L, kind, LUA_TTABLE);
  lua_settop(L, ANSWER_DECIMAL);
  answer_open_shapes(L);
  lua_createtable(L, 0, 3);
  push_writer(L, answer_shape);
  lua_setfield(L, -2, "shape");
  push_writer(L, encode);
  lua_setfield(L, -2, "encode");
  push_writer(L, answered);
  lua_setfield(L, -2, "answered");
  return 1;
}
