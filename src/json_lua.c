/*
** JSON for Lua: core.json.decode, encode, array and null. Decoding pulls tokens from json.c and pushes each
** where it belongs: strings straight from the text, no tree in between. Encoding is for free-form values;
** declared requests are written by schema.c.
**
** An object becomes a table with string keys, an array a sequence. Arrays, and they alone, get the metatable
** "bybit.json.array", so that an empty one goes out as [] again; null is a value of its own, so that arrays
** have no holes. A key that comes twice is an error: of two prices none is safely the right one.
*/
#include "json_lua.h"

#include "decimal_lua.h"
#include <lauxlib.h>
#include <string.h>

#define ARRAY     "bybit.json.array"
#define NULL_NAME "bybit.null"
#define BUFFER    "bybit.json.buffer"

/* Their addresses are keys of the registry. */
static const char null_key, array_key;

void json_push_null(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &null_key);
}

bool json_is_array(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

static void set_array_metatable(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
  lua_setmetatable(L, -2);
}

/* ---- decode ---- */

/* A container needs its table, a key, a value and what their making takes. TRAIL is how many keys are kept.
 */
enum { SLOTS = 8, TRAIL = 64 };

/* The keys that the objects of one array have in common, in their order: of a page of orders all but the
** first find theirs here. A key found so is not hashed and looked up among Lua's strings, cannot be a
** duplicate (the keys here differ from one another) and its table has had room for it from the start. */
typedef struct Trail {
  bool taken; /* by an array that is open: the outermost one that holds objects */
  int base;   /* stack index of the first key */
  int count;  /* keys known */
  int last;   /* members that the last object had */
  struct {
    const char *text; /* inside the scanned text */
    size_t size;
  } keys[TRAIL];
} Trail;

typedef struct Decoder {
  lua_State *L;
  JsonScanner *s;
  Trail trail;
} Decoder;

/* Refuses what was just read, from 'at' on, though it is JSON. */
static bool refuse(JsonScanner *s, const char *at, const char *error) {
  s->error = error;
  s->at = at;
  return false;
}

/* Not inlined: its buffer would be in every frame of the recursion. */
__attribute__((noinline)) static void push_unescaped(lua_State *L, const JsonValue *v) {
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, v->size);
  luaL_pushresultsize(&b, json_unescape(v, out));
}

static void push_string(lua_State *L, const JsonValue *v) {
  if (v->escaped)
    push_unescaped(L, v);
  else
    lua_pushlstring(L, v->text, v->size);
}

static bool push_decimal(lua_State *L, JsonScanner *s, const JsonValue *v) {
  Decimal x;
  if (decimal_parse_json(v->text, v->size, &x) != DECIMAL_OK)
    return refuse(s, v->text, "the number does not fit a decimal of 34 digits");
  decimal_push(L, x);
  return true;
}

static bool push_value(Decoder *d, const JsonValue *v);

/* Pushes 'key' of the object on top, unless the object has it already. */
static bool push_new_key(Decoder *d, const JsonValue *key) {
  push_string(d->L, key);
  lua_pushvalue(d->L, -1);
  if (lua_rawget(d->L, -3) != LUA_TNIL) return refuse(d->s, key->text - 1, "duplicate key");
  lua_pop(d->L, 1);
  return true;
}

/* The same, where the object has followed the trail so far: its 'n' earlier keys are the first 'n' of it.
** Sets '*follows' to whether it still does. */
static bool push_trail_key(Decoder *d, const JsonValue *key, int n, bool *follows) {
  Trail *t = &d->trail;
  if (n < t->count && t->keys[n].size == key->size && memcmp(t->keys[n].text, key->text, key->size) == 0) {
    lua_pushvalue(d->L, t->base + n);
    return true;
  }
  if (!push_new_key(d, key)) return false;
  *follows = n == t->count && n < TRAIL; /* a longer object makes the trail longer */
  if (!*follows) return true;
  lua_copy(d->L, -1, t->base + n);
  t->keys[n].text = key->text;
  t->keys[n].size = key->size;
  t->count++;
  return true;
}

/* Pushes the object whose '{' was read; 'follows': as an element of the trail's array. On an error the
** stack is left as it is then. */
static bool push_object(Decoder *d, bool follows) {
  JsonValue key, v;
  int n = 0, more;
  bool element = follows;
  luaL_checkstack(d->L, SLOTS, "JSON is nested too deeply");
  lua_createtable(d->L, 0, follows ? d->trail.last : 0);
  for (; (more = json_scan_member(d->s, &key)) > 0; n++) {
    if (!(follows ? push_trail_key(d, &key, n, &follows) : push_new_key(d, &key))) return false;
    json_scan_value(d->s, &v);
    if (!push_value(d, &v)) return false;
    lua_rawset(d->L, -3);
  }
  if (element) d->trail.last = n < TRAIL ? n : TRAIL;
  return more == 0;
}

/* Makes the trail that of the array on top, with room for its keys above it, unless another has it. */
static bool take_trail(Decoder *d) {
  Trail *t = &d->trail;
  if (t->taken) return false;
  int top = lua_gettop(d->L);
  luaL_checkstack(d->L, TRAIL + SLOTS, NULL);
  lua_settop(d->L, top + TRAIL);
  t->taken = true;
  t->base = top + 1;
  t->count = t->last = 0;
  return true;
}

/* Pushes the array whose '[' was read; otherwise as push_object. */
static bool push_array(Decoder *d) {
  JsonValue v;
  int more;
  bool trail = false;
  luaL_checkstack(d->L, SLOTS, "JSON is nested too deeply");
  lua_newtable(d->L);
  set_array_metatable(d->L);
  int array = lua_gettop(d->L);
  for (lua_Integer i = 1; (more = json_scan_element(d->s)) > 0; i++) {
    bool object = json_scan_value(d->s, &v) == JSON_OBJECT;
    if (object && !trail) trail = take_trail(d);
    if (!(object ? push_object(d, trail) : push_value(d, &v))) return false;
    lua_rawseti(d->L, array, i);
  }
  lua_settop(d->L, array);
  if (trail) d->trail.taken = false;
  return more == 0;
}

/* As json_push_value, but on an error what was pushed stays. */
static bool push_value(Decoder *d, const JsonValue *v) {
  switch (v->type) {
  case JSON_OBJECT: return push_object(d, false);
  case JSON_ARRAY: return push_array(d);
  case JSON_STRING: push_string(d->L, v); return true;
  case JSON_INTEGER: lua_pushinteger(d->L, v->integer); return true;
  case JSON_NUMBER: return push_decimal(d->L, d->s, v);
  case JSON_TRUE: lua_pushboolean(d->L, 1); return true;
  case JSON_FALSE: lua_pushboolean(d->L, 0); return true;
  case JSON_NULL: json_push_null(d->L); return true;
  case JSON_ERROR: break;
  }
  return false;
}

bool json_push_value(lua_State *L, JsonScanner *s, const JsonValue *v) {
  Decoder d;
  int top = lua_gettop(L);
  luaL_checkstack(L, SLOTS, NULL);
  d.L = L;
  d.s = s;
  d.trail.taken = false;
  if (push_value(&d, v)) return true;
  lua_settop(L, top);
  return false;
}

bool json_push(lua_State *L, JsonScanner *s) {
  JsonValue v;
  json_scan_value(s, &v);
  return json_push_value(L, s, &v);
}

/* ---- options ---- */

/* Is option 'name' given in the table at 'arg'? Then its value is pushed. */
static bool push_option(lua_State *L, int arg, const char *name) {
  if (lua_isnoneornil(L, arg)) return false;
  if (lua_getfield(L, arg, name) != LUA_TNIL) return true;
  lua_pop(L, 1);
  return false;
}

/* The options at 'arg' are a table, or absent, and have no field but those in 'names'. */
static void check_options(lua_State *L, int arg, const char *const names[]) {
  if (lua_isnoneornil(L, arg)) return;
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, arg) != 0) {
    lua_pop(L, 1);
    const char *field = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, -1);
    size_t i = 0;
    while (names[i] != NULL && strcmp(names[i], field) != 0) i++;
    if (names[i] == NULL) luaL_argerror(L, arg, lua_pushfstring(L, "unknown option '%s'", field));
  }
}

static int check_depth(lua_State *L, int arg) {
  int is_integer = 0;
  if (!push_option(L, arg, "depth")) return JSON_DEPTH;
  lua_Integer depth = lua_tointegerx(L, -1, &is_integer);
  if (lua_type(L, -1) != LUA_TNUMBER || !is_integer || depth < 1 || depth > JSON_DEPTH_MAX)
    luaL_argerror(L, arg,
                  lua_pushfstring(L, "option 'depth': an integer from 1 to %d expected", JSON_DEPTH_MAX));
  lua_pop(L, 1);
  return (int)depth;
}

/* decode(text [, {depth = 128}]) -> value, or nil, message, offset. The message is "byte 118: expected
** ':'"; the offset, there and as the third value, counts from 1 as string.sub does, and is #text + 1 where
** the text ends too early. Raises only when called wrongly. */
static int l_decode(lua_State *L) {
  static const char *const names[] = {"depth", NULL};
  size_t size;
  JsonScanner s;
  luaL_checktype(L, 1, LUA_TSTRING);
  const char *text = lua_tolstring(L, 1, &size);
  check_options(L, 2, names);
  json_scan_init(&s, text, size, check_depth(L, 2));
  if (json_push(L, &s) && json_scan_end(&s)) return 1;
  lua_Integer offset = (lua_Integer)json_scan_offset(&s) + 1;
  lua_pushnil(L);
  lua_pushfstring(L, "byte %I: %s", (LUAI_UACINT)offset, s.error);
  lua_pushinteger(L, offset);
  return 3;
}

/* ---- encode ---- */

static int buffer_gc(lua_State *L) {
  bytes_free(luaL_checkudata(L, 1, BUFFER));
  return 0;
}

static Bytes *push_buffer(lua_State *L) {
  Bytes *buffer = lua_newuserdatauv(L, sizeof *buffer, 0);
  *buffer = (Bytes){0};
  luaL_setmetatable(L, BUFFER);
  return buffer;
}

/* Is option 'decimals' "string"? */
static bool check_decimals(lua_State *L, int arg) {
  if (!push_option(L, arg, "decimals")) return false;
  const char *choice = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
  bool strings = strcmp(choice, "string") == 0;
  if (!strings && strcmp(choice, "number") != 0)
    luaL_argerror(L, arg, "option 'decimals': \"number\" or \"string\" expected");
  lua_pop(L, 1);
  return strings;
}

/* encode(value [, {decimals = "number", depth = 128}]) -> text. Raises, with the path, what has no exact
** form. An empty table without the mark of core.json.array is an object. */
static int l_encode(lua_State *L) {
  static const char *const names[] = {"decimals", "depth", NULL};
  luaL_checkany(L, 1);
  check_options(L, 2, names);
  JsonWrite how = {.depth = check_depth(L, 2), .decimal_strings = check_decimals(L, 2)};
  Bytes *buffer = push_buffer(L);
  if (!json_write(L, 1, buffer, how)) return luaL_error(L, "cannot encode %s", lua_tostring(L, -1));
  lua_pushlstring(L, buffer->data, buffer->size);
  bytes_free(buffer); /* now, not when the collector comes by */
  return 1;
}

/* ---- the module ---- */

/* array([t]) -> t, marked as an array: encode writes it as one even when it is empty. */
static int l_array(lua_State *L) {
  lua_settop(L, 1);
  if (lua_isnil(L, 1)) {
    lua_newtable(L);
  } else {
    luaL_checktype(L, 1, LUA_TTABLE);
    bool bare = !lua_getmetatable(L, 1);
    lua_settop(L, 1);
    luaL_argcheck(L, bare || json_is_array(L, 1), 1, "the table has a metatable already");
  }
  set_array_metatable(L);
  return 1;
}

static int null_tostring(lua_State *L) {
  lua_pushliteral(L, "null");
  return 1;
}

/* Makes null and the metatables, kept in the registry under their names or addresses; once per state, for
** null must stay the same when the module is loaded again. */
static void make_values(lua_State *L) {
  bool made = lua_rawgetp(L, LUA_REGISTRYINDEX, &null_key) != LUA_TNIL;
  lua_pop(L, 1);
  if (made) return;
  lua_newuserdatauv(L, 0, 0);
  luaL_newmetatable(L, NULL_NAME);
  lua_pushcfunction(L, null_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &null_key);
  luaL_newmetatable(L, ARRAY);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
  luaL_newmetatable(L, BUFFER);
  lua_pushcfunction(L, buffer_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}

void json_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"decode", l_decode}, {"encode", l_encode}, {"array", l_array}, {NULL, NULL}};
  make_values(L);
  luaL_newlib(L, functions);
  json_push_null(L);
  lua_setfield(L, -2, "null");
  lua_setfield(L, -2, "json");
}
