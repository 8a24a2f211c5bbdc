/*
** Compiles records: rows of lua/bybit/records/init.lua become a table of fields with a small hash table over their wire
** names. decode.c reads answers with it.
*/
#include "record.h"
#include "compile.h"

#include <lauxlib.h>
#include <string.h>

/* FNV-1a, folded to a slot. */
static unsigned hash(const char *text, size_t size) {
  unsigned h = 2166136261u;
  for (size_t i = 0; i < size; i++) h = (h ^ (unsigned char)text[i]) * 16777619u;
  return (h ^ (h >> 8)) & 255u;
}

static bool same(const Field *f, const char *wire, size_t size) {
  return f->wire_size == size && memcmp(f->wire, wire, size) == 0;
}

int record_find(const Record *r, const char *wire, size_t size) {
  for (unsigned i = hash(wire, size); r->slot[i] != 0; i = (i + 1) & 255u)
    if (same(&r->field[r->slot[i] - 1], wire, size)) return r->slot[i] - 1;
  return -1;
}

/* Moves the value on top of the stack into the anchors and returns its index there. */
static int anchor(lua_State *L, int anchors) {
  int ref = (int)lua_rawlen(L, anchors) + 1;
  lua_rawseti(L, anchors, ref);
  return ref;
}

static FieldType field_type(lua_State *L, const char *name) {
  static const struct {
    const char *name;
    FieldType type;
  } types[] = {{"string", FIELD_STRING},   {"enum", FIELD_STRING}, {"decimal", FIELD_DECIMAL},
               {"integer", FIELD_INTEGER}, {"time", FIELD_TIME},   {"boolean", FIELD_BOOLEAN},
               {"table", FIELD_TABLE},     {"list", FIELD_LIST},   {"map", FIELD_MAP}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(types[i].name, name) == 0) return types[i].type;
  luaL_error(L, "declaration: unknown field type '%s'", name);
  return FIELD_STRING;
}

/* Makes a set of the texts in the array at 'list'; returns its index in the anchors. */
static int text_set(lua_State *L, int list, int anchors) {
  lua_newtable(L);
  int set = lua_gettop(L);
  for (lua_Integer i = 1; lua_rawgeti(L, list, i) == LUA_TSTRING; i++) {
    lua_pushboolean(L, 1);
    lua_rawset(L, set);
  }
  lua_settop(L, set);
  return anchor(L, anchors);
}

/* A name that stands in JSON as it is: printable, without quotes and backslashes. Only such a name has a token. */
static bool is_plain_name(const char *name, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (name[i] < ' ' || name[i] > '~' || name[i] == '"' || name[i] == '\\') return false;
  return true;
}

/* Adds the field under the wire name on top of the stack, and pops the name. */
static void add_field(lua_State *L, Record *r, Field f, int anchors) {
  if (r->count == SCHEMA_FIELDS) luaL_error(L, "declaration: a record has too many fields");
  const char *wire = luaL_checklstring(L, -1, &f.wire_size);
  if (!is_plain_name(wire, f.wire_size))
    luaL_error(L, "declaration: a wire field's name is printable, without quotes and backslashes, not '%s'",
               wire);
  lua_pushfstring(L, ",\"%s\":", wire);
  f.token = lua_tolstring(L, -1, &f.token_size);
  f.wire = f.token + 2;
  anchor(L, anchors);
  r->field[r->count] = f;
  unsigned i = hash(f.wire, f.wire_size);
  while (r->slot[i] != 0) {
    if (same(&r->field[r->slot[i] - 1], f.wire, f.wire_size))
      luaL_error(L, "declaration: the wire field '%s' stands twice in a record", wire);
    i = (i + 1) & 255u;
  }
  r->next[r->count] = (unsigned char)r->count; /* until an answer says otherwise: the declared order */
  r->slot[i] = (unsigned char)++r->count;
  lua_pop(L, 1);
}

static bool flag(lua_State *L, int row, const char *key) {
  lua_getfield(L, row, key);
  bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

/* only = { field = name, word ... }: the field means something only beside these words of another field */
static void compile_only(lua_State *L, Record *r, Field *f, int list, int anchors) {
  lua_getfield(L, list, "field");
  luaL_checkstring(L, -1);
  f->only_name = anchor(L, anchors);
  f->only_ref = text_set(L, list, anchors);
  r->has_only = true;
}

/* of = name: the record that the elements of a list are, one of the table of compiled records at 'others' */
static int compile_of(lua_State *L, int row, int others, int anchors) {
  if (lua_getfield(L, row, "of") != LUA_TSTRING) luaL_error(L, "declaration: a list says what it is of");
  if (!lua_istable(L, others) || lua_rawget(L, others) == LUA_TNIL ||
      luaL_testudata(L, -1, SCHEMA_RECORD) == NULL)
    luaL_error(L, "declaration: what a list is of is a compiled record");
  return anchor(L, anchors);
}

/* Compiles one row. With 'also_wire' it becomes several fields with our one name. Leaves values above 'row'. */
static void compile_field(lua_State *L, Record *r, int row, int anchors) {
  Field f = {0};
  lua_rawgeti(L, row, 1);
  luaL_checkstring(L, -1);
  f.name = anchor(L, anchors);
  lua_rawgeti(L, row, 3);
  f.type = field_type(L, luaL_checkstring(L, -1));
  if (f.type == FIELD_LIST) f.of_ref = compile_of(L, row, 3, anchors);
  if (lua_getfield(L, row, "empty") == LUA_TTABLE) f.empty_ref = text_set(L, lua_gettop(L), anchors);
  if (lua_getfield(L, row, "map") == LUA_TTABLE) f.map_ref = anchor(L, anchors);
  if (lua_getfield(L, row, "only") == LUA_TTABLE) compile_only(L, r, &f, lua_gettop(L), anchors);
  f.zero_empty = flag(L, row, "zero_empty");
  f.seconds = flag(L, row, "seconds");
  f.weak = flag(L, row, "weak");
  lua_rawgeti(L, row, 2);
  add_field(L, r, f, anchors);
  if (lua_getfield(L, row, "also_wire") == LUA_TTABLE) {
    int list = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, list, i) == LUA_TSTRING; i++) add_field(L, r, f, anchors);
  }
}

/* inline = { wire name ... }: objects whose members are read as members of the record. Leaves values on the stack. */
static void compile_inline(lua_State *L, Record *r, int declaration, int anchors) {
  if (lua_getfield(L, declaration, "inline") != LUA_TTABLE) return;
  int names = lua_gettop(L);
  for (lua_Integer i = 1; lua_rawgeti(L, names, i) == LUA_TSTRING; i++) {
    lua_pushvalue(L, -1);
    Field f = {.type = FIELD_INLINE, .name = anchor(L, anchors)};
    add_field(L, r, f, anchors);
  }
}

/* Stack: 1 declaration, 2 metatable, 3 other records, 4 userdata, 5 anchors, 6 rows, 7 one row. */
int schema_record(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 3);
  Record *r = lua_newuserdatauv(L, sizeof *r, 2);
  memset(r, 0, sizeof *r);
  luaL_setmetatable(L, SCHEMA_RECORD);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, 4, 2);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 4, 1);
  r->plain = flag(L, 1, "plain");
  r->by_place = flag(L, 1, "by_place");
  if (lua_getfield(L, 1, "fields") != LUA_TTABLE) return luaL_error(L, "declaration: a record has no fields");
  for (lua_Integer i = 1; lua_rawgeti(L, 6, i) == LUA_TTABLE; i++) {
    compile_field(L, r, 7, 5);
    lua_settop(L, 6);
  }
  compile_inline(L, r, 1, 5);
  r->plain |= r->count == 0; /* there is nothing to expect */
  lua_settop(L, 4);
  return 1;
}

void schema_record_open(lua_State *L) {
  luaL_newmetatable(L, SCHEMA_RECORD);
  lua_pop(L, 1);
}
