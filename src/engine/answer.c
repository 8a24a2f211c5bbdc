#include "answer.h"
#include "value/decimal.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

enum { ROOM_KEPT = 1 << 18, DEPTH = 64 };

static void value(Answer *a, int index, int depth);

void answer_begin(Answer *a, lua_State *L) {
  a->L = L;
  for (int kind = ANSWER_OBJECT; kind <= ANSWER_DECIMAL; kind++)
    a->kinds[kind] = lua_topointer(L, lua_upvalueindex(kind));
  a->text = lua_touserdata(L, lua_upvalueindex(ANSWER_MEMORY));
  a->room = (size_t)lua_rawlen(L, lua_upvalueindex(ANSWER_MEMORY));
  a->size = 0;
}

/* Makes room for so many bytes more, and returns where they go. */
static char *room_for(Answer *a, size_t size) {
  if (a->room - a->size >= size) return a->text + a->size;
  size_t room = a->room * 2;
  if (room - a->size < size) room = a->size + size;
  luaL_checkstack(a->L, 2, "an answer");
  char *text = lua_newuserdatauv(a->L, room, 0);
  memcpy(text, a->text, a->size);
  lua_replace(a->L, lua_upvalueindex(ANSWER_MEMORY));
  a->text = text;
  a->room = room;
  return text + a->size;
}

void answer_bytes(Answer *a, const char *bytes, size_t size) {
  memcpy(room_for(a, size), bytes, size);
  a->size += size;
}

static void byte(Answer *a, char c) {
  *room_for(a, 1) = c;
  a->size++;
}

void answer_end(Answer *a) {
  if (a->room <= ROOM_KEPT) return;
  lua_newuserdatauv(a->L, ANSWER_ROOM, 0);
  lua_replace(a->L, lua_upvalueindex(ANSWER_MEMORY));
}

void answer_integer(Answer *a, int64_t n) {
  enum { DIGITS = 20 };
  char digits[DIGITS], *at = digits + DIGITS;
  uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
  do *--at = (char)('0' + rest % 10);
  while ((rest /= 10) != 0);
  if (n < 0) *--at = '-';
  answer_bytes(a, at, (size_t)(digits + DIGITS - at));
}

/* ---- texts ---- */

/* How many bytes of 'text' are one character of UTF-8 (RFC 3629); 0 when it begins with none. */
static size_t character(const unsigned char *text, size_t size) {
  unsigned char c = text[0];
  size_t count = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  if (count > size) return 0;
  for (size_t i = 1; i < count; i++)
    if ((text[i] & 0xc0) != 0x80) return 0;
  bool too_low = (c == 0xe0 && text[1] < 0xa0) || (c == 0xf0 && text[1] < 0x90);
  bool surrogate = c == 0xed && text[1] > 0x9f, too_high = c == 0xf4 && text[1] > 0x8f;
  return too_low || surrogate || too_high ? 0 : count;
}

/* What stands for a byte that JSON does not have in a text. Returns one past it. */
static char *escape(char *at, unsigned char c) {
  static const char digits[] = "0123456789abcdef", from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
  const char *place = c == 0 ? NULL : strchr(from, c);
  *at++ = '\\';
  if (place != NULL) {
    *at++ = to[place - from];
    return at;
  }
  *at++ = 'u';
  *at++ = '0';
  *at++ = '0';
  *at++ = digits[c >> 4];
  *at++ = digits[c & 15];
  return at;
}

/* A text that has something to escape, or bytes beyond ASCII. */
static void quoted_slowly(Answer *a, const unsigned char *text, size_t size) {
  enum { LONGEST = 6 }; /* what may stand for a byte: \u001f */
  static const char replacement[] = "\xef\xbf\xbd";
  if (size > (SIZE_MAX / 2 - 2) / LONGEST) luaL_error(a->L, "answer: a text is too long");
  char *from = room_for(a, size * LONGEST + 2), *at = from;
  *at++ = '"';
  while (size > 0) {
    size_t count = character(text, size), taken = count == 0 ? 1 : count;
    if (count == 0) {
      memcpy(at, replacement, sizeof replacement - 1);
      at += sizeof replacement - 1;
    } else if (*text < 0x20 || *text == '"' || *text == '\\') {
      at = escape(at, *text);
    } else {
      memcpy(at, text, count);
      at += count;
    }
    text += taken;
    size -= taken;
  }
  *at++ = '"';
  a->size += (size_t)(at - from);
}

void answer_quoted(Answer *a, const char *text, size_t size) {
  const unsigned char *in = (const unsigned char *)text;
  char *out = room_for(a, size + 2);
  bool plain = true;
  for (size_t i = 0; i < size; i++) {
    unsigned char c = in[i];
    out[i + 1] = (char)c;
    plain &= c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
  }
  if (!plain) {
    quoted_slowly(a, in, size);
    return;
  }
  out[0] = out[size + 1] = '"';
  a->size += size + 2;
}

static void quoted_at(Answer *a, int index) {
  size_t size;
  const char *text = lua_tolstring(a->L, index, &size);
  answer_quoted(a, text, size);
}

static void decimal(Answer *a, int index) {
  Decimal x;
  char text[DECIMAL_TEXT_MAX];
  memcpy(&x, lua_touserdata(a->L, index), sizeof x);
  size_t size = decimal_format(x, text);
  byte(a, '"');
  answer_bytes(a, text, size);
  byte(a, '"');
}

/* ---- values of values ---- */

/* Begins a name of an object; its value follows. */
static void name_at(Answer *a, int index, char before) {
  byte(a, before);
  quoted_at(a, index);
  byte(a, ':');
}

static void end(Answer *a, bool some, const char *both) {
  answer_bytes(a, both + some, some ? 1 : 2);
}

/* {pairs}: a name and a value each; one without a value is left out. */
static void object(Answer *a, int index, int depth) {
  lua_State *L = a->L;
  bool some = false;
  lua_rawgeti(L, index, 1);
  int pairs = lua_gettop(L);
  for (lua_Integer i = 1; lua_rawgeti(L, pairs, i) == LUA_TTABLE; i++) {
    lua_rawgeti(L, pairs + 1, 1);
    if (lua_rawgeti(L, pairs + 1, 2) != LUA_TNIL) {
      if (lua_type(L, pairs + 2) != LUA_TSTRING) luaL_error(L, "answer: a name must be a text");
      name_at(a, pairs + 2, some ? ',' : '{');
      value(a, pairs + 3, depth);
      some = true;
    }
    lua_settop(L, pairs);
  }
  end(a, some, "{}");
}

/* {fields, values}: those of the values that the fields name, in their order. */
static void record(Answer *a, int index, int depth) {
  lua_State *L = a->L;
  bool some = false;
  lua_rawgeti(L, index, 1);
  lua_rawgeti(L, index, 2);
  int values = lua_gettop(L), fields = values - 1;
  for (lua_Integer i = 1; lua_rawgeti(L, fields, i) == LUA_TSTRING; i++) {
    lua_pushvalue(L, -1);
    if (lua_rawget(L, values) != LUA_TNIL) {
      name_at(a, values + 1, some ? ',' : '{');
      value(a, values + 2, depth);
      some = true;
    }
    lua_settop(L, values);
  }
  end(a, some, "{}");
}

static void list(Answer *a, int index, int depth) {
  lua_State *L = a->L;
  bool some = false;
  lua_rawgeti(L, index, 1);
  int values = lua_gettop(L);
  for (lua_Integer i = 1; lua_rawgeti(L, values, i) != LUA_TNIL; i++) {
    byte(a, some ? ',' : '[');
    value(a, values + 1, depth);
    lua_settop(L, values);
    some = true;
  }
  end(a, some, "[]");
}

/* Which kind the value at 'index' is of, by its metatable; 0: of none. */
static int kind_of(Answer *a, int index) {
  if (!lua_getmetatable(a->L, index)) return 0;
  const void *meta = lua_topointer(a->L, -1);
  lua_pop(a->L, 1);
  int kind = ANSWER_DECIMAL;
  while (kind > 0 && a->kinds[kind] != meta) kind--;
  return kind;
}

/* A table, or a decimal; false when it is none of those that can be written. */
static bool known(Answer *a, int index, int depth) {
  lua_State *L = a->L;
  int kind = kind_of(a, index), top = lua_gettop(L);
  if (kind == ANSWER_OBJECT)
    object(a, index, depth);
  else if (kind == ANSWER_RECORD)
    record(a, index, depth);
  else if (kind == ANSWER_LIST)
    list(a, index, depth);
  else if (kind == ANSWER_ROW)
    answer_row(a, index);
  else if (kind == ANSWER_NULL)
    answer_bytes(a, "null", 4);
  else if (kind == ANSWER_DECIMAL)
    decimal(a, index);
  else if (kind == ANSWER_TEXT) {
    size_t size;
    lua_rawgeti(L, index, 1);
    const char *text = lua_tolstring(L, -1, &size);
    if (text != NULL) answer_bytes(a, text, size);
  }
  lua_settop(L, top);
  return kind != 0;
}

static void value(Answer *a, int index, int depth) {
  enum { PLACES = 8 }; /* of the stack, at each depth */
  lua_State *L = a->L;
  int type = lua_type(L, index);
  if (type == LUA_TSTRING)
    quoted_at(a, index);
  else if (lua_isinteger(L, index))
    answer_integer(a, lua_tointeger(L, index));
  else if (type == LUA_TBOOLEAN)
    answer_bytes(a, lua_toboolean(L, index) ? "true" : "false", lua_toboolean(L, index) ? 4 : 5);
  else {
    if (depth == 0) luaL_error(L, "answer: values are too deep in each other");
    luaL_checkstack(L, PLACES, "an answer");
    if (!known(a, index, depth - 1))
      luaL_error(L, "answer: cannot write a %s (use object, record, list or a string)",
                 type == LUA_TNUMBER ? "float" : lua_typename(L, type));
  }
}

void answer_value(Answer *a, int index) {
  value(a, index, DEPTH);
}
