/*
** Reads the members of an object into a record. A member that is not declared is kept, under its name in snake_case.
*/
#include "decode.h"

#include <lauxlib.h>

/* Pushes 'orderId' as 'order_id'. */
static void push_snake(lua_State *L, const char *text, size_t size) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t i = 0; i < size; i++) {
    char c = text[i];
    bool upper = c >= 'A' && c <= 'Z';
    bool after_lower =
        i > 0 && ((text[i - 1] >= 'a' && text[i - 1] <= 'z') || (text[i - 1] >= '0' && text[i - 1] <= '9'));
    if (upper && after_lower) luaL_addchar(&b, '_');
    luaL_addchar(&b, (char)(upper ? c - 'A' + 'a' : c));
  }
  luaL_pushresult(&b);
}

static bool declares(const Decode *d, int name) {
  lua_State *L = d->L;
  for (int i = 0; i < d->record->count; i++) {
    lua_rawgeti(L, d->anchors, d->record->field[i].name);
    bool same = lua_rawequal(L, -1, name);
    lua_pop(L, 1);
    if (same) return true;
  }
  return false;
}

/* Has the record a field of the name on top of the stack? */
static bool has(lua_State *L, int record) {
  lua_pushvalue(L, -1);
  bool found = lua_rawget(L, record) != LUA_TNIL;
  lua_pop(L, 1);
  return found;
}

/* Keeps an undeclared field in the record on top of the stack, under its name in snake_case. When that name is declared or
** taken, it keeps the wire's spelling; when that is declared too, it gets a '_' behind it. A member of the inline object
** 'within' has that object's name before its own. */
static bool keep_field(Decode *d, const Field *within, const JsonValue *key, const JsonValue *v) {
  lua_State *L = d->L;
  int result = lua_gettop(L);
  decode_push_string(L, key);
  if (within != NULL) {
    lua_pushlstring(L, within->wire, within->wire_size);
    lua_pushfstring(L, "%s_%s", lua_tostring(L, -1), lua_tostring(L, -2));
    lua_replace(L, -3);
    lua_pop(L, 1);
  }
  size_t size;
  const char *wire = lua_tolstring(L, -1, &size);
  push_snake(L, wire, size);
  bool declared = declares(d, lua_gettop(L)), known = has(L, result);
  if (known && !declared) { /* it comes twice, or two spellings are one name: that is told */
    lua_pushvalue(L, -1);
    decode_note(d);
  }
  if (known || declared) lua_pushvalue(L, result + 1);
  if ((known || declared) && declares(d, lua_gettop(L))) lua_pushfstring(L, "%s_", wire);
  if (has(L, result)) { /* the first value stays */
    if (declared) decode_note(d);
    lua_settop(L, result);
    return json_scan_skip(d->s, v);
  }
  if (v->type == JSON_NULL || (v->type == JSON_STRING && v->size == 0)) {
    lua_settop(L, result);
    return true;
  }
  if (!decode_push_text(d, v)) return false;
  d->set++;
  lua_rawset(L, result);
  lua_settop(L, result);
  return true;
}

/* Takes a field's name and value off the stack and sets it in the record below them. A weak one is set only when our name
** has no value yet. */
static void set(Decode *d, bool weak) {
  lua_State *L = d->L;
  if (weak) {
    lua_pushvalue(L, -2);
    bool taken = lua_rawget(L, -4) != LUA_TNIL;
    lua_pop(L, taken ? 3 : 1);
    if (taken) return;
  }
  d->set++;
  lua_rawset(L, -3);
}

/* Does the value of the i-th field stand here as in the last record? A number or a word has to end here too. */
static bool is_repeated(const JsonScanner *s, const Memory *m, int i) {
  const char *text = m->last[i].text;
  size_t size = m->last[i].size;
  if (text == NULL || (size_t)(s->end - s->at) <= size || !json_same(s->at, text, size)) return false;
  return *text == '"' || s->at[size] == ',' || s->at[size] == '}';
}

/* Keeps the value on top of the stack, which became of the text from 'start' to where the scan stands. */
static void keep_value(const Decode *d, int i, const char *start, bool empty) {
  Memory *m = d->memory;
  m->last[i].text = start;
  m->last[i].size = (size_t)(d->s->at - start);
  m->last[i].empty = empty;
  if (!empty) lua_copy(d->L, -1, m->base + i);
}

bool decode_cell(Decode *d, int i) {
  JsonValue v;
  const Field *f = &d->record->field[i];
  if (!d->record->plain && decode_push_number(d, f)) return true;
  return json_scan_value(d->s, &v) != JSON_ERROR && decode_push_field(d, f, &v);
}

/* Reads the value of the i-th field into the record on top of the stack. */
static bool read_value(Decode *d, int i, bool weak) {
  lua_State *L = d->L;
  const Field *f = &d->record->field[i];
  const Memory *m = d->memory;
  if (m != NULL && is_repeated(d->s, m, i)) {
    d->s->at += m->last[i].size;
    if (m->last[i].empty) return true;
    lua_rawgeti(L, d->anchors, f->name);
    lua_pushvalue(L, m->base + i);
    set(d, weak);
    return true;
  }
  JsonValue v = {.type = JSON_STRING};
  const char *start = d->s->at;
  int odd = d->odd;
  lua_rawgeti(L, d->anchors, f->name);
  if (d->record->plain || !decode_push_number(d, f)) {
    if (json_scan_value(d->s, &v) == JSON_ERROR) return false;
    if (f->type == FIELD_INLINE && v.type == JSON_OBJECT) {
      lua_pop(L, 1);
      return decode_members(d, f);
    }
    if (!decode_push_field(d, f, &v)) return false;
  }
  bool empty = lua_isnil(L, -1), scalar = v.type != JSON_OBJECT && v.type != JSON_ARRAY;
  if (m != NULL && scalar && d->odd == odd) keep_value(d, i, start, empty);
  if (empty)
    lua_pop(L, 2);
  else
    set(d, weak);
  return true;
}

typedef struct Members {                    /* of one object */
  uint64_t seen[(SCHEMA_FIELDS + 63) / 64]; /* by bit: the fields that came */
  unsigned char *expect; /* where the record keeps the next field's index; NULL: it has no guess */
} Members;

/* Reads the key of the next member: 1, and '*i' is the index of its field, or -1 of an undeclared 'key'; 0 after the last
** member; -1 on error. The field that came next in the last object is tried first: it needs no search. */
static int next_member(Decode *d, Members *m, int *i, JsonValue *key, char room[JSON_KEY]) {
  Record *r = d->record;
  if (m->expect != NULL && !r->plain) {
    *i = *m->expect;
    if (json_scan_expected(d->s, r->field[*i].token, r->field[*i].token_size)) {
      m->expect = &r->next[*i + 1];
      return 1;
    }
  }
  int more = json_scan_key(d->s, key, room);
  if (more != 1) return more;
  *i = record_find(r, key->text, key->size);
  if (*i < 0) return 1;
  if (m->expect != NULL) *m->expect = (unsigned char)*i;
  m->expect = &r->next[*i + 1];
  return 1;
}

/* Is it the field's first time in this object? */
static bool is_new(Members *m, unsigned i) {
  uint64_t bit = (uint64_t)1 << (i % 64), before = m->seen[i / 64];
  m->seen[i / 64] |= bit;
  return (before & bit) == 0;
}

/* Reads the value of a field that the object has had before: of two values we could not tell which is right. */
static bool refuse(Decode *d) {
  JsonValue v;
  return json_scan_value(d->s, &v) != JSON_ERROR && decode_failed(d->s, "duplicate key");
}

/* Reads the value of an undeclared member. */
static bool read_undeclared(Decode *d, const Field *within, const JsonValue *key) {
  JsonValue v;
  return json_scan_value(d->s, &v) != JSON_ERROR && keep_field(d, within, key, &v);
}

/* An inline member is read the same way. What comes first in it is not guessed: it would be mixed up with what comes behind
** it. The scanner bounds the depth. */
bool decode_members(Decode *d, const Field *within) {
  Members members = {.expect = within == NULL ? &d->record->next[0] : NULL}, *m = &members;
  JsonValue key;
  char room[JSON_KEY];
  int more, i;
  while ((more = next_member(d, m, &i, &key, room)) == 1) {
    if (i < 0) {
      if (!read_undeclared(d, within, &key)) return false;
    } else if (!is_new(m, (unsigned)i)) {
      return refuse(d);
    } else if (!read_value(d, i, within != NULL || d->record->field[i].weak)) {
      return false;
    }
  }
  return more == 0;
}

/* An element without a field is kept at its place. */
bool decode_elements(Decode *d) {
  lua_State *L = d->L;
  JsonValue v;
  int more;
  for (int i = 0; (more = json_scan_element(d->s)) == 1; i++) {
    if (i < d->record->count) {
      lua_rawgeti(L, d->anchors, d->record->field[i].name);
      if (!decode_cell(d, i)) return false;
      if (lua_isnil(L, -1))
        lua_pop(L, 2);
      else
        set(d, false);
    } else {
      if (json_scan_value(d->s, &v) == JSON_ERROR || !decode_push_text(d, &v)) return false;
      lua_rawseti(L, -2, i + 1);
    }
  }
  return more == 0;
}
