/*
** JSON for Lua: core.json.decode, encode, array and null. Decoding takes tokens from json.c and makes each a Lua value at
** once, without a tree in between. Encoding (json_write.c) is for values of any form; schema/encode.c writes the
** requests that are declared.
**
** An object becomes a table with string keys, an array becomes a sequence. Only arrays get the metatable
** "bybit.json.array": so an empty one is encoded as [] again. null is a value of its own, so that arrays have no holes.
** A key that comes twice is an error: of two prices we could not tell which is right.
*/
#include "json_lua.h"

#include "decimal_lua.h"
#include <lauxlib.h>
#include <string.h>

#define ARRAY     "bybit.json.array"
#define NULL_NAME "bybit.null"
#define BUFFER    "bybit.json.buffer"

/* Their addresses are keys of the registry, for the null value and the metatable of arrays. */
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

/* Marks the table on top of the stack as an array. */
static void set_array_metatable(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
  lua_setmetatable(L, -2);
}

/* ---- decode ---- */

enum {
  SLOTS = 8, /* of the Lua stack, for one container: its table, a key, a value, and what making them needs */
  TRAIL = 64 /* the most keys that a trail keeps */
};

/* The keys that the objects of one array have in common, in their order. In a page of orders every object after the
** first finds its keys here. That saves four things: the key need not be scanned, where it stands as it stood before; it
** need not be hashed and found among Lua's strings; it cannot be a duplicate, as the keys here all differ; and its table is
** made with room for it. */
typedef struct Trail {
  bool taken; /* an open array has it: the outermost one that holds objects */
  int base;   /* stack index of the first key; the Lua strings stay there while the trail is taken */
  int count;  /* how many keys are known */
  int last;   /* how many members the last object had: room for the next table */
  struct {
    const char *text; /* of the key, inside the scanned text */
    size_t size;      /* its bytes */
    bool close; /* it stands between a comma (or the object's bracket) and a colon, without white space */
  } keys[TRAIL];
} Trail;

typedef struct Decoder {
  lua_State *L;
  JsonScanner *s;
  bool lenient; /* a key that comes twice keeps its first value */
  bool twice;   /* then: one did */
  Trail trail;
} Decoder;

/* Makes valid JSON an error, at 'at'. Returns false. */
static bool refuse(JsonScanner *s, const char *at, const char *error) {
  s->error = error;
  s->at = at;
  return false;
}

/* Not inlined: else its buffer would be in every frame of the recursion. */
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

/* Pushes a number that is no int64_t. False when a decimal cannot hold it exactly. */
static bool push_decimal(lua_State *L, JsonScanner *s, const JsonValue *v) {
  Decimal x;
  if (decimal_parse_json(v->text, v->size, &x) != DECIMAL_OK)
    return refuse(s, v->text, "the number does not fit a decimal of 34 digits");
  decimal_push(L, x);
  return true;
}

static bool push_value(Decoder *d, const JsonValue *v);

/* Pushes the n-th key of the object on top of the stack. When the object has that key already it is an error, or, when
** lenient, pushes nothing and sets '*again'. */
static bool push_new_key(Decoder *d, const JsonValue *key, int n, bool *again) {
  push_string(d->L, key);
  if (n == 0) return true;
  lua_pushvalue(d->L, -1);
  *again = lua_rawget(d->L, -3) != LUA_TNIL;
  if (*again && !d->lenient) return refuse(d->s, key->text - 1, "duplicate key");
  d->twice |= *again;
  lua_pop(d->L, *again ? 2 : 1);
  return true;
}

/* The same for an object that has followed the trail so far: its first 'n' keys are the first 'n' of the trail. Sets
** '*follows' to whether that still holds after this key. */
static bool push_trail_key(Decoder *d, const JsonValue *key, int n, bool *follows, bool *again) {
  Trail *t = &d->trail;
  if (n < t->count && t->keys[n].size == key->size && memcmp(t->keys[n].text, key->text, key->size) == 0) {
    lua_pushvalue(d->L, t->base + n);
    return true;
  }
  if (!push_new_key(d, key, n, again)) return false;
  *follows = n == t->count && n < TRAIL && !*again; /* a longer object extends the trail */
  if (!*follows) return true;
  lua_copy(d->L, -1, t->base + n);
  t->keys[n].text = key->text;
  t->keys[n].size = key->size;
  t->keys[n].close = (n == 0 || key->text[-2] == ',') && key->text[key->size + 1] == ':';
  t->count++;
  return true;
}

/* Reads the next key where it stands as the n-th of the trail does, and pushes it. False, with nothing read, when it does not:
** then json_scan_member reads it. The text before the key's quote is not compared in the first member, which has no comma. */
static bool push_expected_key(Decoder *d, int n) {
  const Trail *t = &d->trail;
  if (n >= t->count || !t->keys[n].close) return false;
  if (!json_scan_expected(d->s, t->keys[n].text - 2, t->keys[n].size + 4)) return false;
  lua_pushvalue(d->L, t->base + n);
  return true;
}

/* Pushes the object whose '{' was read. 'follows': it is an element of the array that has the trail. On an error it
** leaves on the stack what is there; json_push_value clears it. */
static bool push_object(Decoder *d, bool follows) {
  JsonValue key, v;
  int n = 0, more = 0;
  bool element = follows;
  luaL_checkstack(d->L, SLOTS, "JSON is nested too deeply");
  bool closes = d->s->at < d->s->end && *d->s->at == '}';
  lua_createtable(d->L, 0, follows && d->trail.last > 0 ? d->trail.last : !closes);
  for (;; n++) {
    bool again = false;
    if (!(follows && push_expected_key(d, n))) {
      if ((more = json_scan_member(d->s, &key)) <= 0) break;
      if (!(follows ? push_trail_key(d, &key, n, &follows, &again) : push_new_key(d, &key, n, &again)))
        return false;
    }
    json_scan_value(d->s, &v);
    if (again) {
      if (!json_scan_skip(d->s, &v)) return false;
      continue;
    }
    if (!push_value(d, &v)) return false;
    lua_rawset(d->L, -3);
  }
  if (element) d->trail.last = n < TRAIL ? n : TRAIL;
  return more == 0;
}

/* Gives the trail to the array on top of the stack and makes room for its keys above it. False when another array has
** the trail. */
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

/* Pushes the array whose '[' was read. Else as push_object. */
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

/* Pushes the value 'v'. On an error it leaves on the stack what is there. */
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

static bool push(Decoder *d, const JsonValue *v) {
  int top = lua_gettop(d->L);
  luaL_checkstack(d->L, SLOTS, NULL);
  d->twice = d->trail.taken = false;
  if (push_value(d, v)) return true;
  lua_settop(d->L, top);
  return false;
}

bool json_push_value(lua_State *L, JsonScanner *s, const JsonValue *v) {
  Decoder d;
  d.L = L;
  d.s = s;
  d.lenient = false;
  return push(&d, v);
}

bool json_push_first(lua_State *L, JsonScanner *s, const JsonValue *v, bool *twice) {
  Decoder d;
  d.L = L;
  d.s = s;
  d.lenient = true;
  bool done = push(&d, v);
  *twice = done && d.twice;
  return done;
}

bool json_push(lua_State *L, JsonScanner *s) {
  JsonValue v;
  json_scan_value(s, &v);
  return json_push_value(L, s, &v);
}

/* ---- options ---- */

/* Pushes the option 'name' of the table at 'arg'. False, with nothing pushed, when it is not given. */
static bool push_option(lua_State *L, int arg, const char *name) {
  if (lua_isnoneornil(L, arg)) return false;
  if (lua_getfield(L, arg, name) != LUA_TNIL) return true;
  lua_pop(L, 1);
  return false;
}

/* Raises unless the argument 'arg' is absent, or a table whose fields are all in 'names'. */
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

/* The option 'depth', or its default. */
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

/* decode(text [, {depth = 128}]) -> value; or nil, message, offset. A message is "byte 118: expected ':'". The offset
** counts from 1, as string.sub does; it is #text + 1 when the text ends too early. Only a wrong argument raises. */
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

/* Pushes an empty buffer. The userdata owns it, so that an error frees it. */
static Bytes *push_buffer(lua_State *L) {
  Bytes *buffer = lua_newuserdatauv(L, sizeof *buffer, 0);
  *buffer = (Bytes){0};
  luaL_setmetatable(L, BUFFER);
  return buffer;
}

/* The option 'decimals': true for "string", false for "number", the default. */
static bool check_decimals(lua_State *L, int arg) {
  if (!push_option(L, arg, "decimals")) return false;
  const char *choice = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
  bool strings = strcmp(choice, "string") == 0;
  if (!strings && strcmp(choice, "number") != 0)
    luaL_argerror(L, arg, "option 'decimals': \"number\" or \"string\" expected");
  lua_pop(L, 1);
  return strings;
}

/* encode(value [, {decimals = "number", depth = 128}]) -> text. A value without an exact form in JSON raises, with its
** path. An empty table is an object, unless core.json.array has marked it. */
static int l_encode(lua_State *L) {
  static const char *const names[] = {"decimals", "depth", NULL};
  luaL_checkany(L, 1);
  check_options(L, 2, names);
  JsonWrite how = {.depth = check_depth(L, 2), .decimal_strings = check_decimals(L, 2)};
  Bytes *buffer = push_buffer(L);
  if (!json_write(L, 1, buffer, how)) return luaL_error(L, "cannot encode %s", lua_tostring(L, -1));
  lua_pushlstring(L, buffer->data, buffer->size);
  bytes_free(buffer); /* at once, not when the collector runs */
  return 1;
}

/* ---- the module ---- */

/* array([t]) -> t, or a new table, marked as an array: encode writes it as [] even when it is empty */
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

/* Makes null and the metatables, and keeps them in the registry. Once per Lua state, since null must stay the same value
** when the module is loaded again. */
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
