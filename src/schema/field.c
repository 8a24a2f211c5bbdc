/*
** What the value of a declared field becomes. A value that is not as declared is kept as its text, and the field is named
** to the caller.
*/
#include "decode.h"
#include "value/decimal_lua.h"
#include "value/json_lua.h"
#include "value/moment.h"

#include <lauxlib.h>
#include <string.h>

/* Pushes the characters that a JSON string stands for. */
void decode_push_string(lua_State *L, const JsonValue *v) {
  if (!v->escaped) {
    lua_pushlstring(L, v->text, v->size);
    return;
  }
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, v->size);
  luaL_pushresultsize(&b, json_unescape(v, out));
}

/* Pushes a value as text: the characters of a string, the JSON of anything else. False on invalid JSON, here and below. */
bool decode_push_text(Decode *d, const JsonValue *v) {
  if (v->type == JSON_STRING) {
    decode_push_string(d->L, v);
    return true;
  }
  if (!json_scan_skip(d->s, v)) return false;
  lua_pushlstring(d->L, v->text, (size_t)(d->s->at - v->text));
  return true;
}

void decode_place(Decode *d) {
  lua_State *L = d->L;
  if (d->element > 0) {
    lua_pushfstring(L, "[%I].%s", (LUAI_UACINT)d->element, lua_tostring(L, -1));
    lua_remove(L, -2);
  }
  if (d->within == 0) return;
  lua_pushfstring(L, "%s%s", lua_tostring(L, d->within), lua_tostring(L, -1));
  lua_remove(L, -2);
}

/* Notes the field whose name is on top of the stack, and takes that off. */
void decode_note(Decode *d) {
  lua_State *L = d->L;
  d->odd++;
  if (lua_isnil(L, d->undecoded)) {
    lua_newtable(L);
    lua_replace(L, d->undecoded);
  }
  decode_place(d);
  lua_rawseti(L, d->undecoded, (lua_Integer)lua_rawlen(L, d->undecoded) + 1);
}

bool decode_push_odd(Decode *d, const Field *f, const JsonValue *v) {
  if (!decode_push_text(d, v)) return false;
  lua_rawgeti(d->L, d->anchors, f->name);
  decode_note(d);
  return true;
}

/* Pushes the decimals of an object by their names. A name that comes twice keeps its first value, and the field is noted. */
static bool push_map(Decode *d, const Field *f, const JsonValue *v) {
  lua_State *L = d->L;
  const Field value = {.type = FIELD_DECIMAL, .name = f->name};
  JsonValue key, x;
  char room[JSON_KEY];
  int more;
  if (v->type != JSON_OBJECT) return decode_push_odd(d, f, v);
  lua_newtable(L);
  while ((more = json_scan_key(d->s, &key, room)) == 1) {
    decode_push_string(L, &key);
    lua_pushvalue(L, -1);
    bool twice = lua_rawget(L, -3) != LUA_TNIL;
    lua_pop(L, 1);
    if (json_scan_value(d->s, &x) == JSON_ERROR || !decode_push_field(d, &value, &x)) return false;
    if (!twice) {
      lua_rawset(L, -3);
      continue;
    }
    lua_pop(L, 2);
    lua_rawgeti(L, d->anchors, f->name);
    decode_note(d);
  }
  return more == 0;
}

/* Pushes a table as it came. A key that comes twice in it keeps its first value, and the field is noted. */
static bool push_table(Decode *d, const Field *f, const JsonValue *v) {
  bool twice;
  if (!json_push_first(d->L, d->s, v, &twice)) return false;
  if (!twice) return true;
  lua_rawgeti(d->L, d->anchors, f->name);
  decode_note(d);
  return true;
}

static bool parse_decimal(const char *text, size_t size, Decimal *out) {
  DecimalStatus status = decimal_parse(text, size, out);
  if (status == DECIMAL_SYNTAX) status = decimal_parse_json(text, size, out);
  return status == DECIMAL_OK;
}

/* Reads digits with an optional minus, at most 18 bytes of them: so many fit. Returns the byte behind them; NULL when there
** are none. More digits may follow. */
static const char *read_digits(const char *text, const char *end, int64_t *out) {
  enum { MOST = 18 };
  if (end - text > MOST) end = text + MOST;
  const char *at = text;
  bool negative = at < end && *at == '-';
  if (negative) at++;
  const char *first = at;
  int64_t n = 0;
  for (; at < end && *at >= '0' && *at <= '9'; at++) n = n * 10 + (*at - '0');
  *out = negative ? -n : n;
  return at > first ? at : NULL;
}

/* Reads digits with an optional minus. False when it is anything else or does not fit. */
bool decode_integer(const char *text, size_t size, int64_t *out) {
  int64_t n;
  if (size > 0 && read_digits(text, text + size, &n) == text + size) {
    *out = n;
    return true;
  }
  Decimal x;
  return size < 24 && memchr(text, '.', size) == NULL && decimal_parse(text, size, &x) == DECIMAL_OK &&
         decimal_to_integer(x, out);
}

/* Is the string on top of the stack one of those that mean "no value" in this field? */
static bool is_empty_word(const Decode *d, const Field *f) {
  if (f->empty_ref == 0) return false;
  lua_State *L = d->L;
  lua_rawgeti(L, d->anchors, f->empty_ref);
  lua_pushvalue(L, -2);
  bool empty = lua_rawget(L, -2) != LUA_TNIL;
  lua_pop(L, 2);
  return empty;
}

/* The same for a string. */
static bool is_empty_text(const Decode *d, const Field *f, const JsonValue *v) {
  if (f->empty_ref == 0) return false;
  decode_push_string(d->L, v);
  bool empty = is_empty_word(d, f);
  lua_pop(d->L, 1);
  return empty;
}

/* Replaces the value on top of the stack by ours for it (nil when there is none); true when there is one. */
static bool map_value(Decode *d, const Field *f) {
  lua_State *L = d->L;
  lua_rawgeti(L, d->anchors, f->map_ref);
  lua_pushvalue(L, -2);
  bool known = lua_rawget(L, -2) != LUA_TNIL;
  lua_replace(L, -3);
  lua_pop(L, 1);
  return known;
}

/* The stack place of the metatable of decimals. It is fetched once. */
static int decimal_metatable(Decode *d) {
  if (lua_isnil(d->L, d->decimals)) {
    decimal_push_metatable(d->L);
    lua_replace(d->L, d->decimals);
  }
  return d->decimals;
}

static void push_known_decimal(Decode *d, const Field *f, Decimal x) {
  if (f->zero_empty && decimal_sign(x) == 0)
    lua_pushnil(d->L);
  else
    decimal_push_with(d->L, x, decimal_metatable(d));
}

static bool push_decimal(Decode *d, const Field *f, const JsonValue *v) {
  Decimal x;
  bool number = v->type == JSON_STRING ? !v->escaped : v->type == JSON_INTEGER || v->type == JSON_NUMBER;
  if (!number || !parse_decimal(v->text, v->size, &x)) return decode_push_odd(d, f, v);
  push_known_decimal(d, f, x);
  return true;
}

/* An integer that needs no map, or a moment in milliseconds. */
static void push_known_integer(lua_State *L, const Field *f, int64_t n) {
  if (f->zero_empty && n == 0)
    lua_pushnil(L);
  else
    lua_pushinteger(L, n);
}

/* Pushes our word for a string; a word that we do not know stays. */
static bool push_word(Decode *d, const Field *f, const JsonValue *v) {
  lua_State *L = d->L;
  decode_push_string(L, v);
  if (is_empty_word(d, f)) {
    lua_pop(L, 1);
    lua_pushnil(L);
  } else if (f->map_ref != 0) {
    lua_pushvalue(L, -1);
    lua_remove(L, map_value(d, f) ? -2 : -1);
  }
  return true;
}

static bool push_integer(Decode *d, const Field *f, const JsonValue *v) {
  int64_t n = v->integer;
  bool whole = v->type == JSON_INTEGER ||
               (v->type == JSON_STRING && !v->escaped && decode_integer(v->text, v->size, &n));
  if (!whole) return decode_push_odd(d, f, v);
  if (f->zero_empty && n == 0) {
    lua_pushnil(d->L);
    return true;
  }
  lua_pushinteger(d->L, n);
  if (f->map_ref == 0 || map_value(d, f)) return true;
  lua_pop(d->L, 1);
  return decode_push_odd(d, f, v);
}

/* Reads the moment that a value stands for. False when it is none. */
static bool read_time(const Field *f, const JsonValue *v, int64_t *ms) {
  bool text = v->type == JSON_STRING && !v->escaped;
  if (!text && v->type != JSON_INTEGER && v->type != JSON_NUMBER) return false;
  if (text && v->size > 4 && v->text[4] == '-') return moment_iso(v->text, v->size, ms);
  return f->seconds ? moment_seconds(v->text, v->size, ms) : decode_integer(v->text, v->size, ms);
}

static bool push_time(Decode *d, const Field *f, const JsonValue *v) {
  int64_t ms;
  if (!read_time(f, v, &ms)) return decode_push_odd(d, f, v);
  push_known_integer(d->L, f, ms);
  return true;
}

static bool push_boolean(Decode *d, const Field *f, const JsonValue *v) {
  bool set = v->type == JSON_TRUE || (v->type == JSON_INTEGER && v->integer == 1);
  bool clear = v->type == JSON_FALSE || (v->type == JSON_INTEGER && v->integer == 0);
  if (!set && !clear) return decode_push_odd(d, f, v);
  lua_pushboolean(d->L, set);
  if (f->map_ref != 0) map_value(d, f);
  return true;
}

/* Pushes the value of a declared field; nil when it means "no value". */
bool decode_push_field(Decode *d, const Field *f, const JsonValue *v) {
  bool string = v->type == JSON_STRING;
  if (v->type == JSON_NULL || (string && v->size == 0)) {
    lua_pushnil(d->L);
    return true;
  }
  if (string && f->type == FIELD_STRING) return push_word(d, f, v);
  if (string && is_empty_text(d, f, v)) {
    lua_pushnil(d->L);
    return true;
  }
  switch (f->type) {
  case FIELD_DECIMAL: return push_decimal(d, f, v);
  case FIELD_INTEGER: return push_integer(d, f, v);
  case FIELD_TIME: return push_time(d, f, v);
  case FIELD_BOOLEAN: return push_boolean(d, f, v);
  case FIELD_TABLE:
    return v->type == JSON_OBJECT || v->type == JSON_ARRAY ? push_table(d, f, v) : decode_push_odd(d, f, v);
  case FIELD_LIST: return v->type == JSON_ARRAY ? decode_push_records(d, f, v) : decode_push_odd(d, f, v);
  case FIELD_MAP: return push_map(d, f, v);
  case FIELD_STRING:                                  /* it is none */
  case FIELD_INLINE: return decode_push_odd(d, f, v); /* decode_members reads objects */
  }
  return false;
}

/* Fields with texts that mean "no value" are left to decode_push_field. So are moments in seconds, and integers that stand for
** words. A text such as 2024-01-02 is no number, as its digits do not end at the quote. */
bool decode_push_number(Decode *d, const Field *f) {
  JsonScanner *s = d->s;
  const char *at = s->at, *behind = NULL;
  if (at == s->end || *at != '"' || f->empty_ref != 0) return false;
  Decimal x = {{0}};
  int64_t n = 0;
  bool decimal = f->type == FIELD_DECIMAL;
  if (decimal)
    behind = decimal_read(at + 1, s->end, &x);
  else if ((f->type == FIELD_TIME && !f->seconds) || (f->type == FIELD_INTEGER && f->map_ref == 0))
    behind = read_digits(at + 1, s->end, &n);
  if (behind == NULL || behind == s->end || *behind != '"') return false;
  s->at = behind + 1;
  if (decimal)
    push_known_decimal(d, f, x);
  else
    push_known_integer(d->L, f, n);
  return true;
}
