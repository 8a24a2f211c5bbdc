/*
** JSON from Lua values, for core.json.encode and for parameters of any form. Equal values give equal texts: the members
** of an object are sorted, since the order of 'pairs' differs from process to process. A value without an exact form in
** JSON is refused with its path; a float is written as the decimal that it stands for. Metamethods are not called, so no
** Lua code runs meanwhile, except finalizers.
*/
#include "json_lua.h"

#include "decimal_lua.h"
#include <lauxlib.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Places of the Lua stack for one table: itself, its keys, a value, and what making them needs. */
enum { SLOTS = 8 };

/* Where in the value the writer is: a chain from the innermost container outwards. The links are in the C stack. */
typedef struct Place {
  const struct Place *outer; /* NULL for the outermost container */
  const void *table;         /* the table's address, to find cycles; compared, never followed */
  const char *key;   /* in an object: the member's key; the table of keys on the stack keeps it alive */
  size_t size;       /* bytes of the key */
  lua_Integer index; /* in an array: the element */
} Place;

typedef struct Writer {
  lua_State *L;
  Bytes *out;
  JsonWrite how;
  int depth; /* how many containers are open */
} Writer;

/* A key of an object, for sorting. Its Lua string is at 'index' of the table of keys. */
typedef struct Key {
  const char *text;
  size_t size;
  lua_Integer index;
} Key;

/* Can Lua write the key as .name? */
static bool is_name(const char *text, size_t size) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  size_t first = strspn(text, letters);
  size_t rest =
      first > 0 ? strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") : 0;
  return rest > 0 && rest == size;
}

/* Adds ["key"], with bytes that are not printable ASCII as \x escapes. */
static void add_key(luaL_Buffer *b, const char *key, size_t size) {
  char hex[5];
  luaL_addstring(b, "[\"");
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)key[i];
    if (c == '"' || c == '\\') luaL_addchar(b, '\\');
    if (c >= 0x20 && c < 0x7F) {
      luaL_addchar(b, key[i]);
    } else {
      snprintf(hex, sizeof hex, "\\x%02x", c);
      luaL_addstring(b, hex);
    }
  }
  luaL_addstring(b, "\"]");
}

/* Adds the path from the outermost value, "$", to this place. */
static void add_place(luaL_Buffer *b, const Place *place) {
  char index[32];
  if (place == NULL) {
    luaL_addchar(b, '$');
    return;
  }
  add_place(b, place->outer);
  if (place->key == NULL) {
    snprintf(index, sizeof index, "[%" PRId64 "]", (int64_t)place->index);
    luaL_addstring(b, index);
  } else if (is_name(place->key, place->size)) {
    luaL_addchar(b, '.');
    luaL_addlstring(b, place->key, place->size);
  } else {
    add_key(b, place->key, place->size);
  }
}

/* Puts "$.list[3].price: " before the reason on top of the stack; returns false. Not inlined: else its buffer would be
** in every frame of the recursion. */
__attribute__((noinline)) static bool fail(Writer *w, const Place *place) {
  luaL_Buffer b;
  luaL_checkstack(w->L, SLOTS, NULL);
  luaL_buffinit(w->L, &b);
  add_place(&b, place);
  luaL_pushresult(&b);
  lua_pushfstring(w->L, "%s: %s", lua_tostring(w->L, -1), lua_tostring(w->L, -2));
  return false;
}

/* The same for a reason that is a fixed text. */
static bool fail_text(Writer *w, const Place *place, const char *reason) {
  lua_pushstring(w->L, reason);
  return fail(w, place);
}

static bool write_value(Writer *w, const Place *place);

/* How a table is written; SHAPE_NONE: it cannot be. */
typedef enum Shape { SHAPE_OBJECT, SHAPE_ARRAY, SHAPE_NONE } Shape;

/* The shape of the table on top of the stack; sets '*count' to its number of fields. For SHAPE_NONE it pushes the
** reason. */
static Shape shape_of(lua_State *L, lua_Integer *count) {
  lua_Integer strings = 0, indices = 0, last = 0;
  bool marked = json_is_array(L, -1);
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      strings++;
    } else if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1) {
      indices++;
      if (lua_tointeger(L, -2) > last) last = lua_tointeger(L, -2);
    } else {
      bool number = lua_type(L, -2) == LUA_TNUMBER;
      lua_pushfstring(L, "a table with a %s key%s", luaL_typename(L, -2),
                      number ? " that is not an index" : "");
      return SHAPE_NONE;
    }
  }
  *count = strings + indices;
  if (strings > 0 && (indices > 0 || marked))
    lua_pushstring(L, marked ? "an array with a string key" : "a table with both string keys and indices");
  else if (last != indices)
    lua_pushstring(L, "an array with holes (bybit.null stands for null)");
  else
    return indices > 0 || marked ? SHAPE_ARRAY : SHAPE_OBJECT;
  return SHAPE_NONE;
}

/* For qsort: by bytes; of two keys where one begins the other, the shorter comes first. */
static int compare_keys(const void *a, const void *b) {
  const Key *x = a, *y = b;
  int order = memcmp(x->text, y->text, x->size < y->size ? x->size : y->size);
  return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

/* Pushes a table with the string keys of the object on top of the stack, then a userdata with the sorted Keys, and
** returns the latter. '*count' is the most keys there can be, and becomes how many there are. (The table keeps the
** strings alive: a finalizer that runs while we allocate may remove them from the object.) */
static const Key *push_keys(lua_State *L, lua_Integer *count) {
  int object = lua_gettop(L), list = object + 1;
  lua_Integer n = 0;
  lua_createtable(L, *count < INT_MAX ? (int)*count : 0, 0);
  Key *keys = lua_newuserdatauv(L, (size_t)*count * sizeof *keys, 0);
  for (lua_pushnil(L); n < *count && lua_next(L, object) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    Key *key = &keys[n++];
    key->text = lua_tolstring(L, -2, &key->size);
    key->index = n;
    lua_pushvalue(L, -2);
    lua_rawseti(L, list, n);
  }
  lua_settop(L, object + 2);
  qsort(keys, (size_t)n, sizeof *keys, compare_keys);
  *count = n;
  return keys;
}

/* Writes the object on top of the stack, which has at most 'count' members. */
static bool write_object(Writer *w, const Place *outer, lua_Integer count) {
  lua_State *L = w->L;
  Place here = {.outer = outer, .table = lua_topointer(L, -1)};
  const Key *keys = push_keys(L, &count);
  bytes_text(w->out, "{");
  for (lua_Integer i = 0; i < count; i++) {
    here.key = keys[i].text;
    here.size = keys[i].size;
    if (i > 0) bytes_text(w->out, ",");
    if (!json_quote(w->out, here.key, here.size) && !w->out->failed)
      return fail_text(w, &here, "the key is not UTF-8");
    bytes_text(w->out, ":");
    /* stack: object, keys, sorted */
    lua_rawgeti(L, -2, keys[i].index);
    lua_rawget(L, -4);
    if (!write_value(w, &here)) return false;
    lua_pop(L, 1);
  }
  bytes_text(w->out, "}");
  lua_pop(L, 2);
  return true;
}

/* Writes the array of 'count' elements on top of the stack. */
static bool write_array(Writer *w, const Place *outer, lua_Integer count) {
  Place here = {.outer = outer, .table = lua_topointer(w->L, -1)};
  bytes_text(w->out, "[");
  for (here.index = 1; here.index <= count; here.index++) {
    if (here.index > 1) bytes_text(w->out, ",");
    lua_rawgeti(w->L, -1, here.index);
    if (!write_value(w, &here)) return false;
    lua_pop(w->L, 1);
  }
  bytes_text(w->out, "]");
  return true;
}

/* Refuses cycles and what is nested too deeply, then writes the table on top of the stack. */
static bool write_table(Writer *w, const Place *place) {
  lua_Integer count;
  const void *table = lua_topointer(w->L, -1);
  luaL_checkstack(w->L, SLOTS, "the value is nested too deeply");
  for (const Place *p = place; p != NULL; p = p->outer)
    if (p->table == table) return fail_text(w, place, "a table that contains itself");
  if (w->depth >= w->how.depth) return fail_text(w, place, "nested too deeply");
  w->depth++;
  Shape shape = shape_of(w->L, &count);
  if (shape == SHAPE_NONE) return fail(w, place);
  if (!(shape == SHAPE_ARRAY ? write_array : write_object)(w, place, count)) return false;
  w->depth--;
  return true;
}

static void write_decimal(const Writer *w, Decimal x) {
  const char *quote = w->how.decimal_strings ? "\"" : "";
  bytes_text(w->out, quote);
  if (bytes_reserve(w->out, DECIMAL_TEXT_MAX)) w->out->size += decimal_format(x, w->out->data + w->out->size);
  bytes_text(w->out, quote);
}

/* A float is written as the decimal that it stands for; one that stands for none is refused. */
static bool write_number(Writer *w, const Place *place) {
  Decimal x;
  if (lua_isinteger(w->L, -1)) {
    bytes_integer(w->out, lua_tointeger(w->L, -1));
    return true;
  }
  if (!decimal_exact(w->L, -1, &x)) return fail(w, place);
  write_decimal(w, x);
  return true;
}

static bool write_string(Writer *w, const Place *place) {
  size_t size;
  const char *text = lua_tolstring(w->L, -1, &size);
  if (json_quote(w->out, text, size) || w->out->failed) return true;
  return fail_text(w, place, "the string is not UTF-8");
}

/* Writes null or a decimal; everything else is refused by its type's name. */
static bool write_other(Writer *w, const Place *place) {
  Decimal x;
  json_push_null(w->L);
  bool null = lua_rawequal(w->L, -1, -2);
  lua_pop(w->L, 1);
  if (null) {
    bytes_text(w->out, "null");
  } else if (decimal_test(w->L, -1, &x)) {
    write_decimal(w, x);
  } else {
    bool named = luaL_getmetafield(w->L, -1, "__name") == LUA_TSTRING;
    lua_pushfstring(w->L, "%s has no form in JSON", named ? lua_tostring(w->L, -1) : luaL_typename(w->L, -1));
    return fail(w, place);
  }
  return true;
}

/* Writes the value on top of the stack and leaves it there. On failure the reason is on top, above whatever else was
** pushed. */
static bool write_value(Writer *w, const Place *place) {
  switch (lua_type(w->L, -1)) {
  case LUA_TTABLE: return write_table(w, place);
  case LUA_TSTRING: return write_string(w, place);
  case LUA_TNUMBER: return write_number(w, place);
  case LUA_TBOOLEAN: bytes_text(w->out, lua_toboolean(w->L, -1) ? "true" : "false"); return true;
  default: return write_other(w, place);
  }
}

bool json_write(lua_State *L, int index, Bytes *out, JsonWrite how) {
  Writer w = {.L = L, .out = out, .how = how};
  int top = lua_gettop(L);
  luaL_checkstack(L, SLOTS, NULL);
  lua_pushvalue(L, index);
  bool written = write_value(&w, NULL);
  if (out->failed) luaL_error(L, "not enough memory");
  lua_replace(L, top + 1);
  lua_settop(L, written ? top : top + 1);
  return written;
}
