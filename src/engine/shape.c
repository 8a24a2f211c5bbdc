/* Records of one kind: what is the same in all of them is written once, as JSON, with holes for what is not. */
#include "answer.h"
#include "parts.h"

#include <lauxlib.h>
#include <stdbool.h>

#define SHAPE "bybit.paper.shape"

/* A hole, behind so many bytes of the shape's text. */
typedef struct Hole {
  size_t end;
  bool field, more,
      text; /* is it a field of the record, or, where that has none, of `more`; an integer as a text */
} Hole;

typedef struct Shape {
  lua_Integer count;
  Hole hole[];
} Shape;

/* The user values of a shape: its text, and for each hole three values: the field, the field of `more`, what stands there otherwise. */
enum { TEXT = 1, WORDS, PER_HOLE = 3 };

/* ---- making one ---- */

static bool has_field(lua_State *L, int entry, const char *name) {
  bool has = lua_getfield(L, entry, name) != LUA_TNIL;
  lua_pop(L, 1);
  return has;
}

/* Reads the entry at 'entry' into the next hole; its words go into the table at 'words'. */
static Hole read_hole(lua_State *L, int entry, int words, lua_Integer number, size_t end) {
  lua_Integer place = (number - 1) * PER_HOLE;
  Hole h = {.end = end};
  h.field = lua_rawgeti(L, entry, 2) != LUA_TNIL;
  lua_rawseti(L, words, place + 1);
  h.more = lua_getfield(L, entry, "more") != LUA_TNIL;
  lua_rawseti(L, words, place + 2);
  lua_rawgeti(L, entry, 3);
  lua_rawseti(L, words, place + 3);
  h.text = has_field(L, entry, "text");
  return h;
}

int answer_shape(lua_State *L) {
  enum { ENTRIES = 1, SELF, SELF_WORDS, ENTRY };
  Answer a;
  luaL_checktype(L, ENTRIES, LUA_TTABLE);
  lua_settop(L, ENTRIES);
  size_t count = (size_t)lua_rawlen(L, ENTRIES);
  Shape *shape = lua_newuserdatauv(L, sizeof *shape + count * sizeof *shape->hole, 2);
  shape->count = 0;
  luaL_setmetatable(L, SHAPE);
  lua_newtable(L);
  answer_begin(&a, L);
  for (size_t i = 1; i <= count; i++) {
    lua_rawgeti(L, ENTRIES, (lua_Integer)i);
    luaL_checktype(L, ENTRY, LUA_TTABLE);
    answer_bytes(&a, i == 1 ? "{" : ",", 1);
    lua_rawgeti(L, ENTRY, 1);
    answer_value(&a, ENTRY + 1);
    answer_bytes(&a, ":", 1);
    if (lua_getfield(L, ENTRY, "value") != LUA_TNIL)
      answer_value(&a, ENTRY + 2);
    else {
      shape->hole[shape->count] = read_hole(L, ENTRY, SELF_WORDS, shape->count + 1, a.size);
      shape->count++;
    }
    lua_settop(L, SELF_WORDS);
  }
  answer_bytes(&a, count == 0 ? "{}" : "}", count == 0 ? 2 : 1);
  lua_setiuservalue(L, SELF, WORDS);
  lua_pushlstring(L, a.text, a.size);
  lua_setiuservalue(L, SELF, TEXT);
  answer_end(&a);
  return 1;
}

void answer_open_shapes(lua_State *L) {
  luaL_newmetatable(L, SHAPE);
  lua_pop(L, 1);
}

/* ---- writing a record ---- */

/* Where the parts of a record are on the stack, from its first place on. */
enum { AT_SHAPE, AT_RECORD, AT_MORE, AT_TEXT, AT_WORDS, PLACES };

/* Pushes the field of a table that is named by one of a hole's words. False, with nothing pushed, where it is absent or false. */
static bool push_field(lua_State *L, int first, int table, lua_Integer word) {
  if (lua_isnil(L, first + table)) return false;
  lua_rawgeti(L, first + AT_WORDS, word);
  lua_gettable(L, first + table);
  if (lua_toboolean(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

static void fill(Answer *a, int first, const Hole *h, lua_Integer place) {
  lua_State *L = a->L;
  if (!(h->field && push_field(L, first, AT_RECORD, place + 1)) &&
      !(h->more && push_field(L, first, AT_MORE, place + 2)) &&
      lua_rawgeti(L, first + AT_WORDS, place + 3) == LUA_TNIL) {
    lua_rawgeti(L, first + AT_WORDS, place + (h->field ? 1 : 2));
    luaL_error(L, "answer: the record has no '%s'", lua_tostring(L, -1));
  }
  if (h->text && lua_isinteger(L, -1)) {
    answer_bytes(a, "\"", 1);
    answer_integer(a, lua_tointeger(L, -1));
    answer_bytes(a, "\"", 1);
  } else
    answer_value(a, lua_gettop(L));
}

/* {shape, record, more} */
void answer_row(Answer *a, int index) {
  lua_State *L = a->L;
  size_t size, done = 0;
  int first = lua_gettop(L) + 1;
  luaL_checkstack(L, PLACES + 4, "an answer");
  for (lua_Integer i = 1; i <= 3; i++) lua_rawgeti(L, index, i);
  const Shape *shape = luaL_checkudata(L, first + AT_SHAPE, SHAPE);
  lua_getiuservalue(L, first + AT_SHAPE, TEXT);
  lua_getiuservalue(L, first + AT_SHAPE, WORDS);
  const char *text = lua_tolstring(L, first + AT_TEXT, &size);
  for (lua_Integer i = 0; i < shape->count; i++) {
    const Hole *h = &shape->hole[i];
    answer_bytes(a, text + done, h->end - done);
    done = h->end;
    fill(a, first, h, i * PER_HOLE);
    lua_settop(L, first + AT_WORDS);
  }
  answer_bytes(a, text + done, size - done);
}
