/*
** Decodes results, and the declared records in them, straight from their bytes. A field that is not declared is kept. A value
** that is not as declared is kept as its text, and the field is named to the caller. So one odd field never makes a page
** unusable, and never becomes a wrong value.
*/
#include "decode.h"
#include "value/json_lua.h"

#include <lauxlib.h>
#include <string.h>

bool decode_failed(JsonScanner *s, const char *why) {
  if (s->error == NULL) s->error = why;
  return false;
}

/* Removes fields of the record on top of the stack whose 'only' condition does not hold. */
static void drop_baseless(Decode *d) {
  lua_State *L = d->L;
  int result = lua_gettop(L);
  for (int i = 0; i < d->record->count; i++) {
    const Field *f = &d->record->field[i];
    if (f->only_ref == 0) continue;
    lua_rawgeti(L, d->anchors, f->only_ref);
    lua_rawgeti(L, d->anchors, f->only_name);
    if (lua_rawget(L, result) == LUA_TNIL || lua_rawget(L, -2) == LUA_TNIL) {
      lua_rawgeti(L, d->anchors, f->name);
      lua_pushnil(L);
      lua_rawset(L, result);
    }
    lua_settop(L, result);
  }
}

/* Pushes a record whose '{' was read. Its table has room for as many fields as the last one had; undeclared ones of a text
** that nobody expects do not count. */
static bool push_record(Decode *d) {
  lua_State *L = d->L;
  Record *r = d->record;
  int before = d->set;
  lua_createtable(L, 0, r->room);
  if (!decode_members(d, NULL)) return false;
  int count = d->set - before;
  r->room = count < r->count ? count : r->count;
  if (r->has_only) drop_baseless(d);
  if (!lua_isnil(L, d->metatable)) {
    lua_pushvalue(L, d->metatable);
    lua_setmetatable(L, -2);
  }
  return true;
}

/* Pushes an empty list, with the metatable for lists that the record's metatable names (__list). */
void decode_new_list(Decode *d) {
  lua_State *L = d->L;
  lua_newtable(L);
  if (lua_isnil(L, d->metatable)) return;
  if (lua_getfield(L, d->metatable, "__list") == LUA_TTABLE)
    lua_setmetatable(L, -2);
  else
    lua_pop(L, 1);
}

/* Reads the next element of a list up to its '{': 1; 0 when there is none; -1 on error. */
static int next_record(Decode *d) {
  JsonValue v;
  int more = json_scan_element(d->s);
  if (more != 1) return more;
  JsonType type = json_scan_value(d->s, &v);
  if (type == JSON_OBJECT) return 1;
  if (type != JSON_ERROR) decode_failed(d->s, "an object expected in the list");
  return -1;
}

/* Starts to keep the values of each record for the next one, in stack places above the list. */
static void start_memory(Decode *d, Memory *m) {
  lua_State *L = d->L;
  int count = d->record->count;
  luaL_checkstack(L, count + DECODE_STACK, "an answer");
  m->base = lua_gettop(L) + 1;
  lua_settop(L, m->base + count - 1);
  for (int i = 0; i < count; i++) m->last[i].text = NULL;
  d->memory = m;
}

/* Pushes a list of records whose '[' was read. A memory is worth its room from the second record on. */
static bool push_list(Decode *d) {
  lua_State *L = d->L;
  decode_new_list(d);
  int list = lua_gettop(L), more;
  Memory memory;
  while ((more = next_record(d)) == 1) {
    if (++d->element == 2 && !d->record->plain) start_memory(d, &memory);
    if (!push_record(d)) return false;
    lua_rawseti(L, list, d->element);
  }
  d->memory = NULL;
  lua_settop(L, list);
  return more == 0;
}

/* Pushes the first record of a list whose '[' was read, or nil. The others are checked, but not kept. */
static bool push_first(Decode *d) {
  JsonValue v = {.type = JSON_OBJECT};
  int more = next_record(d);
  if (more != 1) {
    lua_pushnil(d->L);
    return more == 0;
  }
  if (!push_record(d)) return false;
  while ((more = next_record(d)) == 1)
    if (!json_scan_skip(d->s, &v)) return false;
  return more == 0;
}

bool decode_is(const JsonValue *key, const char *name) {
  return name != NULL && !key->escaped && strlen(name) == key->size &&
         memcmp(name, key->text, key->size) == 0;
}

/* Pushes the list (or its first record) that is a member of a result, whose '{' was read. */
static bool push_page(Decode *d, const Endpoint *ep) {
  lua_State *L = d->L;
  bool first = ep->shape == SHAPE_FIRST;
  if (first)
    lua_pushnil(L);
  else
    decode_new_list(d);
  int page = lua_gettop(L);
  lua_pushnil(L); /* the cursor */
  JsonValue key, v;
  char room[JSON_KEY];
  int more;
  bool list = false, cursor = false;
  while ((more = json_scan_key(d->s, &key, room)) == 1) {
    bool is_list = decode_is(&key, ep->list_key), is_cursor = decode_is(&key, ep->cursor_key);
    if ((is_list && list) || (is_cursor && cursor))
      return decode_failed(d->s, "duplicate key"); /* of two lists we could not tell which is whole */
    list |= is_list;
    cursor |= is_cursor;
    if (json_scan_value(d->s, &v) == JSON_ERROR) return false;
    if (is_list && v.type == JSON_ARRAY) {
      if (!(first ? push_first(d) : push_list(d))) return false;
      d->listed = true;
      lua_replace(L, page);
    } else if (is_cursor && v.type == JSON_STRING && v.size > 0) {
      decode_push_string(L, &v);
      lua_replace(L, page + 1);
    } else {
      if (is_list && v.type != JSON_NULL) d->misfit = "an array expected as the list";
      if (is_cursor && v.type != JSON_STRING && v.type != JSON_NULL)
        d->misfit = "a text expected as the cursor"; /* whether there is more cannot be told */
      if (!json_scan_skip(d->s, &v)) return false;
    }
  }
  if (more < 0) return false;
  if (first && lua_isnil(L, page) && !lua_isnil(L, page + 1))
    d->misfit = "an empty page of a list that goes on"; /* the record may be on the next one */
  if (!first && !lua_isnil(L, page + 1)) lua_setfield(L, page, "next_cursor");
  lua_settop(L, page);
  return true;
}

/* Pushes a result that is itself the list or the record. */
static bool push_keyless(Decode *d, const Endpoint *ep, const JsonValue *v) {
  bool first = ep->shape == SHAPE_FIRST;
  if (v->type == JSON_ARRAY) return first ? push_first(d) : push_list(d);
  if (v->type == JSON_OBJECT && first) return push_record(d);
  if (v->type != JSON_NULL) d->misfit = "an array expected as the result";
  lua_pushnil(d->L);
  return json_scan_skip(d->s, v);
}

/* Pushes a result that nobody declared. */
static bool push_free(Decode *d, const JsonValue *v) {
  bool twice;
  if (!json_push_first(d->L, d->s, v, &twice)) return false;
  if (!twice) return true;
  lua_pushliteral(d->L, "result");
  decode_note(d);
  return true;
}

bool decode_result(Decode *d, const Endpoint *ep, const JsonValue *v) {
  lua_State *L = d->L;
  bool bare = d->record == NULL && ep->shape != SHAPE_NONE; /* declared without its record */
  bool list = ep->shape == SHAPE_LIST || ep->shape == SHAPE_FIRST;
  if (ep->shape == SHAPE_FREE || bare) return push_free(d, v);
  if (v->type == JSON_OBJECT && ep->shape == SHAPE_RECORD) return push_record(d);
  if (list && ep->list_key == NULL) return push_keyless(d, ep, v);
  if (list && v->type == JSON_OBJECT) return push_page(d, ep);
  if (list && v->type != JSON_NULL)
    d->misfit = "an object expected as the result"; /* "no list" must not look like an empty list */
  if (!json_scan_skip(d->s, v)) return false;
  lua_pushnil(L);
  return true;
}
