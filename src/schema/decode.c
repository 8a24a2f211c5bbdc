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

/* Pushes a record whose '{' was read, or its '[' where it stands as an array. Its table has room for as many fields as the
** last one had; undeclared ones of a text that nobody expects do not count. */
static bool push_record(Decode *d, JsonType type) {
  lua_State *L = d->L;
  Record *r = d->record;
  int before = d->set;
  lua_createtable(L, 0, r->room);
  if (!(type == JSON_ARRAY ? decode_elements(d) : decode_members(d, NULL))) return false;
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

/* Reads the next element of a list up to its '{' or '[', which 'type' tells: 1; 0 when there is none; -1 on error. */
static int next_record(Decode *d, JsonType *type) {
  JsonValue v;
  int more = json_scan_element(d->s);
  if (more != 1) return more;
  *type = json_scan_value(d->s, &v);
  if (*type == JSON_OBJECT || (*type == JSON_ARRAY && d->record->by_place)) return 1;
  if (*type != JSON_ERROR) decode_failed(d->s, "an object expected in the list");
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
  JsonType type;
  Memory memory;
  while ((more = next_record(d, &type)) == 1) {
    if (++d->element == 2 && !d->record->plain && !d->record->by_place) start_memory(d, &memory);
    if (!push_record(d, type)) return false;
    lua_rawseti(L, list, d->element);
  }
  d->memory = NULL;
  lua_settop(L, list);
  return more == 0;
}

/* Pushes the first record of a list whose '[' was read, or nil. The others are checked, but not kept. */
static bool push_first(Decode *d) {
  JsonValue v = {0};
  int more = next_record(d, &v.type);
  if (more != 1) {
    lua_pushnil(d->L);
    return more == 0;
  }
  if (!push_record(d, v.type)) return false;
  while ((more = next_record(d, &v.type)) == 1)
    if (!json_scan_skip(d->s, &v)) return false;
  return more == 0;
}

/* Reads a row of columns, whose '[' was read. The lists of the columns are at 'first' and behind it. */
static bool read_row(Decode *d, int first) {
  lua_State *L = d->L;
  JsonValue v;
  int more, i = 0;
  for (; (more = json_scan_element(d->s)) == 1; i++) {
    if (i >= d->record->count) { /* it has no name */
      if (json_scan_value(d->s, &v) == JSON_ERROR || !json_scan_skip(d->s, &v)) return false;
      continue;
    }
    if (!decode_cell(d, i)) return false;
    if (lua_isnil(L, -1)) return decode_failed(d->s, "a row of the list lacks a value");
    lua_rawseti(L, first + i, d->element);
  }
  if (more == 0 && i < d->record->count) return decode_failed(d->s, "a row of the list is too short");
  return more == 0;
}

/* Pushes a table with a list for each field of the records of a list, whose '[' was read. Each record is an array. */
static bool push_columns(Decode *d) {
  lua_State *L = d->L;
  int count = d->record->count, columns = lua_gettop(L) + 1, more;
  JsonType type;
  luaL_checkstack(L, count + DECODE_STACK, "an answer");
  lua_createtable(L, 0, count);
  for (int i = 0; i < count; i++) lua_newtable(L);
  while ((more = next_record(d, &type)) == 1) {
    d->element++;
    if (type != JSON_ARRAY) return decode_failed(d->s, "an array expected in the list");
    if (!read_row(d, columns + 1)) return false;
  }
  for (int i = count - 1; i >= 0; i--) {
    lua_rawgeti(L, d->anchors, d->record->field[i].name);
    lua_insert(L, -2);
    lua_rawset(L, columns);
  }
  return more == 0;
}

/* Pushes what the endpoint makes of a list, whose '[' was read. */
static bool push_shape(Decode *d, const Endpoint *ep) {
  if (ep->shape == SHAPE_COLUMNS) return push_columns(d);
  return ep->shape == SHAPE_FIRST ? push_first(d) : push_list(d);
}

/* Reads with a record of its own. A list that does not fit is kept as its text, as any other value. */
bool decode_push_records(Decode *d, const Field *f, const JsonValue *v) {
  lua_State *L = d->L;
  luaL_checkstack(L, DECODE_STACK, "an answer");
  const JsonScanner before = *d->s;
  int base = lua_gettop(L);
  lua_rawgeti(L, d->anchors, f->of_ref);
  Decode inner = *d;
  inner.record = lua_touserdata(L, base + 1);
  lua_getiuservalue(L, base + 1, 1);
  lua_getiuservalue(L, base + 1, 2);
  lua_rawgeti(L, d->anchors, f->name);
  decode_place(d);
  inner.anchors = base + 2;
  inner.metatable = base + 3;
  inner.within = base + 4;
  inner.memory = NULL;
  inner.element = 0;
  bool fine = push_list(&inner);
  d->odd = inner.odd;
  if (!fine) {
    lua_settop(L, base);
    *d->s = before;
    return decode_push_odd(d, f, v);
  }
  lua_replace(L, base + 1);
  lua_settop(L, base + 1);
  return true;
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
      if (!push_shape(d, ep)) return false;
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
  if (v->type == JSON_ARRAY) return push_shape(d, ep);
  if (v->type == JSON_OBJECT && ep->shape == SHAPE_FIRST) return push_record(d, v->type);
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

bool decode_push_any(Decode *d, const JsonValue *v) {
  bool twice;
  if (!json_push_first(d->L, d->s, v, &twice)) return false;
  return !twice || decode_failed(d->s, "duplicate key");
}

/* The fields that did not decode are named by their place in the part: "coins[2].equity" becomes "[2].equity". */
static void name_anew(const Decode *d, const Endpoint *ep) {
  lua_State *L = d->L;
  const size_t size = strlen(ep->part);
  for (lua_Integer i = lua_isnil(L, d->undecoded) ? 0 : (lua_Integer)lua_rawlen(L, d->undecoded); i > 0;
       i--) {
    lua_rawgeti(L, d->undecoded, i);
    const char *name = lua_tostring(L, -1);
    if (strncmp(name, ep->part, size) == 0 && name[size] == '[') {
      const char *member = ep->single ? strstr(name, "].") : NULL;
      lua_pushstring(L, member == NULL ? name + size : member + 2);
      lua_rawseti(L, d->undecoded, i);
    }
    lua_pop(L, 1);
  }
}

/* Replaces the record on top of the stack by what is in one of its fields: a list or a map. Where the endpoint wants it, the
** list gets the record's other fields, or its first element is the result. */
static void take_part(Decode *d, const Endpoint *ep) {
  lua_State *L = d->L;
  int record = lua_gettop(L);
  if (ep->part == NULL || !lua_istable(L, record)) return;
  lua_pushstring(L, ep->part);
  if (lua_rawget(L, record) != LUA_TTABLE) {
    d->misfit = "no list in the result";
    lua_settop(L, record);
    return;
  }
  lua_pushnil(L);
  while (ep->heads && lua_next(L, record) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    if (lua_rawequal(L, record + 1, -1))
      lua_pop(L, 2);
    else
      lua_rawset(L, record + 1);
  }
  lua_settop(L, record + 1);
  if (ep->single) lua_rawgeti(L, record + 1, 1);
  lua_replace(L, record);
  lua_settop(L, record);
  name_anew(d, ep);
}

bool decode_result(Decode *d, const Endpoint *ep, const JsonValue *v) {
  lua_State *L = d->L;
  bool bare = d->record == NULL && ep->shape != SHAPE_NONE; /* declared without its record */
  bool list = ep->shape == SHAPE_LIST || ep->shape == SHAPE_FIRST || ep->shape == SHAPE_COLUMNS;
  if (ep->shape == SHAPE_FREE || bare) return push_free(d, v);
  bool record = v->type == JSON_OBJECT && ep->shape == SHAPE_RECORD;
  if (list && ep->list_key == NULL) return push_keyless(d, ep, v);
  if (record || (list && v->type == JSON_OBJECT)) {
    if (!(record ? push_record(d, v->type) : push_page(d, ep))) return false;
    take_part(d, ep);
    return true;
  }
  if (list && v->type != JSON_NULL)
    d->misfit = "an object expected as the result"; /* "no list" must not look like an empty list */
  if (!json_scan_skip(d->s, v)) return false;
  lua_pushnil(L);
  return true;
}
