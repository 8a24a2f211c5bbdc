/*
** Decodes answers: the envelope, and in it the declared records, straight from the bytes. What a record does
** not declare is kept; what does not decode as declared is kept as its text and named: one odd field never
** costs a page and never becomes another value.
*/
#include "moment.h"
#include "record.h"
#include "schema_lua.h"

#include <lauxlib.h>
#include <string.h>

typedef struct Decode {
  lua_State *L;
  JsonScanner *s;
  const Record *record;
  int anchors;         /* the record's names */
  int metatable;       /* of its results, nil: none */
  int undecoded;       /* slot of the list of fields that did not decode; nil until there is one */
  lua_Integer element; /* which element of a list; 0: no list */
  const char *misfit;  /* the result is not of the declared form, which counts for a success only */
  bool listed;         /* the list was there */
  JsonValue message;   /* of the envelope */
} Decode;

static bool failed(JsonScanner *s, const char *why) {
  if (s->error == NULL) s->error = why;
  return false;
}

/* Pushes the meaning of a JSON string. */
static void push_string(lua_State *L, const JsonValue *v) {
  if (!v->escaped) {
    lua_pushlstring(L, v->text, v->size);
    return;
  }
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, v->size);
  luaL_pushresultsize(&b, json_unescape(v, out));
}

/* Pushes what a value says as text: a string's meaning, anything else as it stands. */
static bool push_text(Decode *d, const JsonValue *v) {
  if (v->type == JSON_STRING) {
    push_string(d->L, v);
    return true;
  }
  if (!json_scan_skip(d->s, v)) return false;
  lua_pushlstring(d->L, v->text, (size_t)(d->s->at - v->text));
  return true;
}

/* Pushes the text of a value that is not as declared, and notes the field. */
static bool push_odd(Decode *d, const Field *f, const JsonValue *v) {
  lua_State *L = d->L;
  if (!push_text(d, v)) return false;
  if (lua_isnil(L, d->undecoded)) {
    lua_newtable(L);
    lua_replace(L, d->undecoded);
  }
  lua_rawgeti(L, d->anchors, f->name);
  if (d->element > 0) {
    lua_pushfstring(L, "[%I].%s", (LUAI_UACINT)d->element, lua_tostring(L, -1));
    lua_remove(L, -2);
  }
  lua_rawseti(L, d->undecoded, (lua_Integer)lua_rawlen(L, d->undecoded) + 1);
  return true;
}

static bool parse_decimal(const char *text, size_t size, Decimal *out) {
  DecimalStatus status = decimal_parse(text, size, out);
  if (status == DECIMAL_SYNTAX) status = decimal_parse_json(text, size, out);
  return status == DECIMAL_OK;
}

/* Digits with an optional minus that fit. */
static bool parse_integer(const char *text, size_t size, int64_t *out) {
  Decimal x;
  return size < 24 && memchr(text, '.', size) == NULL && decimal_parse(text, size, &x) == DECIMAL_OK &&
         decimal_to_integer(x, out);
}

static bool is_empty_text(Decode *d, const Field *f, const JsonValue *v) {
  if (v->size == 0) return true;
  if (f->empty_ref == 0) return false;
  lua_State *L = d->L;
  lua_rawgeti(L, d->anchors, f->empty_ref);
  push_string(L, v);
  bool empty = lua_rawget(L, -2) != LUA_TNIL;
  lua_pop(L, 2);
  return empty;
}

/* Replaces the value on top by what stands for it. True when something does. */
static bool map_value(Decode *d, const Field *f) {
  lua_State *L = d->L;
  lua_rawgeti(L, d->anchors, f->map_ref);
  lua_pushvalue(L, -2);
  bool known = lua_rawget(L, -2) != LUA_TNIL;
  lua_replace(L, -3);
  lua_pop(L, 1);
  return known;
}

static bool push_decimal(Decode *d, const Field *f, const JsonValue *v) {
  Decimal x;
  bool number = v->type == JSON_STRING ? !v->escaped : v->type == JSON_INTEGER || v->type == JSON_NUMBER;
  if (!number || !parse_decimal(v->text, v->size, &x)) return push_odd(d, f, v);
  if (f->zero_empty && decimal_sign(x) == 0)
    lua_pushnil(d->L);
  else
    decimal_push(d->L, x);
  return true;
}

/* Replaces the word on top by what stands for it; one that nothing stands for is kept. */
static bool push_word(Decode *d, const Field *f) {
  if (f->map_ref == 0) return true;
  lua_pushvalue(d->L, -1);
  lua_remove(d->L, map_value(d, f) ? -2 : -1);
  return true;
}

static bool push_integer(Decode *d, const Field *f, const JsonValue *v) {
  int64_t n = v->integer;
  bool whole = v->type == JSON_INTEGER ||
               (v->type == JSON_STRING && !v->escaped && parse_integer(v->text, v->size, &n));
  if (!whole) return push_odd(d, f, v);
  if (f->zero_empty && n == 0) {
    lua_pushnil(d->L);
    return true;
  }
  lua_pushinteger(d->L, n);
  if (f->map_ref == 0 || map_value(d, f)) return true;
  lua_pop(d->L, 1);
  return push_odd(d, f, v);
}

/* A moment that a field's value means. */
static bool read_time(const Field *f, const JsonValue *v, int64_t *ms) {
  bool text = v->type == JSON_STRING && !v->escaped;
  if (!text && v->type != JSON_INTEGER && v->type != JSON_NUMBER) return false;
  if (text && v->size > 4 && v->text[4] == '-') return moment_iso(v->text, v->size, ms);
  return f->seconds ? moment_seconds(v->text, v->size, ms) : parse_integer(v->text, v->size, ms);
}

static bool push_time(Decode *d, const Field *f, const JsonValue *v) {
  int64_t ms;
  if (!read_time(f, v, &ms)) return push_odd(d, f, v);
  if (f->zero_empty && ms == 0)
    lua_pushnil(d->L);
  else
    lua_pushinteger(d->L, ms);
  return true;
}

static bool push_boolean(Decode *d, const Field *f, const JsonValue *v) {
  bool set = v->type == JSON_TRUE || (v->type == JSON_INTEGER && v->integer == 1);
  bool clear = v->type == JSON_FALSE || (v->type == JSON_INTEGER && v->integer == 0);
  if (!set && !clear) return push_odd(d, f, v);
  lua_pushboolean(d->L, set);
  if (f->map_ref != 0) map_value(d, f);
  return true;
}

/* Pushes the value of a declared field; nil when it says nothing. */
static bool push_field(Decode *d, const Field *f, const JsonValue *v) {
  if (v->type == JSON_NULL || (v->type == JSON_STRING && is_empty_text(d, f, v))) {
    lua_pushnil(d->L);
    return true;
  }
  switch (f->type) {
  case FIELD_STRING:
    if (v->type != JSON_STRING) return push_odd(d, f, v);
    push_string(d->L, v);
    return push_word(d, f);
  case FIELD_DECIMAL: return push_decimal(d, f, v);
  case FIELD_INTEGER: return push_integer(d, f, v);
  case FIELD_TIME: return push_time(d, f, v);
  case FIELD_BOOLEAN: return push_boolean(d, f, v);
  case FIELD_TABLE:
    return v->type == JSON_OBJECT || v->type == JSON_ARRAY ? json_push_value(d->L, d->s, v)
                                                           : push_odd(d, f, v);
  case FIELD_INLINE: return push_odd(d, f, v); /* no object; see read_members */
  }
  return false;
}

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

/* Keeps a field that nobody declared: under its name in snake_case, or its wire spelling where that is the name of a
** declared field, or with a '_' where that is one too. That of an object 'within' the record has its name before it.
** The record is on top of the stack. */
static bool keep_field(Decode *d, const Field *within, const JsonValue *key, const JsonValue *v) {
  lua_State *L = d->L;
  int result = lua_gettop(L);
  push_string(L, key);
  if (within != NULL) {
    lua_pushfstring(L, "%s_%s", within->wire, lua_tostring(L, -1));
    lua_remove(L, -2);
  }
  size_t size;
  const char *wire = lua_tolstring(L, -1, &size);
  push_snake(L, wire, size);
  bool taken = declares(d, lua_gettop(L));
  lua_pushvalue(L, -1);
  taken = lua_rawget(L, result) != LUA_TNIL || taken;
  lua_pop(L, 1);
  if (taken) lua_pushvalue(L, result + 1);
  if (taken && declares(d, lua_gettop(L))) lua_pushfstring(L, "%s_", wire);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, result) != LUA_TNIL) return failed(d->s, "duplicate key");
  lua_pop(L, 1);
  if (v->type == JSON_NULL || (v->type == JSON_STRING && v->size == 0)) {
    lua_settop(L, result);
    return true;
  }
  if (!push_text(d, v)) return false;
  lua_rawset(L, result);
  lua_settop(L, result);
  return true;
}

/* Takes out of the record on top what says something only beside certain words of another field. */
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

/* Sets the field of the record on top to the value 'v' that was read. */
static bool set_field(Decode *d, const Field *f, const JsonValue *v, bool weak) {
  lua_State *L = d->L;
  lua_rawgeti(L, d->anchors, f->name);
  if (!push_field(d, f, v)) return false;
  bool skip = lua_isnil(L, -1);
  if (!skip && weak) {
    lua_pushvalue(L, -2);
    skip = lua_rawget(L, -4) != LUA_TNIL;
    lua_pop(L, 1);
  }
  if (skip)
    lua_pop(L, 2);
  else
    lua_rawset(L, -3);
  return true;
}

typedef struct Members { /* of one record: which fields came, and which is expected next */
  uint64_t seen[(SCHEMA_FIELDS + 63) / 64];
  int guess;
} Members;

/* Reads the members of an object whose '{' was read into the record on top. A member that is declared to be inline is
** read the same way: 'within' it fields are weak. Nesting is bounded by the scanner. */
static bool read_members(Decode *d, const Field *within) {
  Members members = {.guess = 0}, *m = &members;
  JsonValue key, v;
  char room[JSON_KEY];
  int more;
  while ((more = json_scan_key(d->s, &key, room)) == 1) {
    if (json_scan_value(d->s, &v) == JSON_ERROR) return false;
    const Field *f = record_find(d->record, key.text, key.size, m->guess);
    if (f == NULL) {
      if (!keep_field(d, within, &key, &v)) return false;
      continue;
    }
    int i = (int)(f - d->record->field);
    m->guess = i + 1;
    if (m->seen[i / 64] >> (i % 64) & 1) return failed(d->s, "duplicate key");
    m->seen[i / 64] |= (uint64_t)1 << (i % 64);
    bool inside = f->type == FIELD_INLINE && v.type == JSON_OBJECT;
    bool weak = f->weak || within != NULL;
    if (!(inside ? read_members(d, f) : set_field(d, f, &v, weak))) return false;
  }
  return more == 0;
}

/* Pushes a record whose '{' was read. */
static bool push_record(Decode *d) {
  lua_State *L = d->L;
  lua_createtable(L, 0, d->record->count);
  if (!read_members(d, NULL)) return false;
  if (d->record->has_only) drop_baseless(d);
  if (!lua_isnil(L, d->metatable)) {
    lua_pushvalue(L, d->metatable);
    lua_setmetatable(L, -2);
  }
  return true;
}

/* Pushes an empty list, with the metatable that the record's own metatable names for lists of it. */
static void new_list(Decode *d) {
  lua_State *L = d->L;
  lua_newtable(L);
  if (lua_isnil(L, d->metatable)) return;
  if (lua_getfield(L, d->metatable, "__list") == LUA_TTABLE)
    lua_setmetatable(L, -2);
  else
    lua_pop(L, 1);
}

/* Pushes an array of records whose '[' was read; with 'first' only its first element (nil: none). */
static bool push_list(Decode *d, bool first) {
  lua_State *L = d->L;
  if (first)
    lua_pushnil(L);
  else
    new_list(d);
  JsonValue v;
  int more;
  for (lua_Integer i = 1; (more = json_scan_element(d->s)) == 1; i++) {
    JsonType type = json_scan_value(d->s, &v);
    if (type == JSON_ERROR) return false;
    if (type != JSON_OBJECT) return failed(d->s, "an object expected in the list");
    if (first && i > 1) {
      if (!json_scan_skip(d->s, &v)) return false;
      continue;
    }
    d->element = first ? 0 : i;
    if (!push_record(d)) return false;
    if (first)
      lua_replace(L, -2);
    else
      lua_rawseti(L, -2, i);
  }
  return more == 0;
}

static bool key_is(const JsonValue *key, const char *name) {
  return name != NULL && !key->escaped && strlen(name) == key->size &&
         memcmp(name, key->text, key->size) == 0;
}

/* Pushes a list (or its first record) found in a result whose '{' was read. */
static bool push_page(Decode *d, const Endpoint *ep) {
  lua_State *L = d->L;
  bool first = ep->shape == SHAPE_FIRST;
  if (first)
    lua_pushnil(L);
  else
    new_list(d);
  int page = lua_gettop(L);
  lua_pushnil(L); /* the cursor */
  JsonValue key, v;
  char room[JSON_KEY];
  int more;
  while ((more = json_scan_key(d->s, &key, room)) == 1) {
    if (json_scan_value(d->s, &v) == JSON_ERROR) return false;
    if (key_is(&key, ep->list_key) && v.type == JSON_ARRAY) {
      if (!push_list(d, first)) return false;
      d->listed = true;
      lua_replace(L, page);
    } else if (key_is(&key, ep->cursor_key) && v.type == JSON_STRING && v.size > 0) {
      push_string(L, &v);
      lua_replace(L, page + 1);
    } else {
      if (key_is(&key, ep->list_key) && v.type != JSON_NULL) d->misfit = "an array expected as the list";
      if (!json_scan_skip(d->s, &v)) return false;
    }
  }
  if (more < 0) return false;
  bool leads_on = !first && lua_rawlen(L, page) > 0; /* a cursor of an empty page leads nowhere */
  if (leads_on && !lua_isnil(L, page + 1)) lua_setfield(L, page, "next_cursor");
  lua_settop(L, page);
  return true;
}

/* Pushes a result that is itself the list, or its one record. */
static bool push_keyless(Decode *d, const Endpoint *ep, const JsonValue *v) {
  bool first = ep->shape == SHAPE_FIRST;
  if (v->type == JSON_ARRAY) return push_list(d, first);
  if (v->type == JSON_OBJECT && first) return push_record(d);
  if (v->type != JSON_NULL) d->misfit = "an array expected as the result";
  lua_pushnil(d->L);
  return json_scan_skip(d->s, v);
}

/* Pushes the result, whose value 'v' was read. */
static bool push_result(Decode *d, const Endpoint *ep, const JsonValue *v) {
  lua_State *L = d->L;
  bool bare = d->record == NULL && ep->shape != SHAPE_NONE; /* declared without its record */
  bool list = ep->shape == SHAPE_LIST || ep->shape == SHAPE_FIRST;
  if (ep->shape == SHAPE_FREE || bare) return json_push_value(L, d->s, v);
  if (v->type == JSON_OBJECT && ep->shape == SHAPE_RECORD) return push_record(d);
  if (list && ep->list_key == NULL) return push_keyless(d, ep, v);
  if (list && v->type == JSON_OBJECT) return push_page(d, ep);
  if (list && v->type != JSON_NULL)
    d->misfit = "an object expected as the result"; /* no page is not an empty one */
  if (!json_scan_skip(d->s, v)) return false;
  lua_pushnil(L);
  return true;
}

enum Part {
  PART_CODE,
  PART_MESSAGE,
  PART_RESULT,
  PART_TIME,
  PART_NOTE,
  PART_LIMIT,
  PART_LEFT,
  PART_RESET,
  PARTS
};

typedef struct Names { /* of the envelope's parts, per dialect; NULL: it has none */
  const char *part[PARTS];
  bool seconds; /* its time is in seconds with decimals */
} Names;

static Names envelope_names(lua_State *L, int names) {
  static const char *const keys[PARTS] = {"code", "message", "result", "time",
                                          "note", "limit",   "left",   "reset"};
  Names n;
  for (int i = 0; i < PARTS; i++) {
    lua_getfield(L, names, keys[i]); /* strings kept alive by the dialect */
    n.part[i] = lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  lua_getfield(L, names, "seconds");
  n.seconds = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return n;
}

/* The integer that a number or a text of digits is; -1: none. */
static int64_t count_of(const JsonValue *v) {
  int64_t n = -1;
  if (v->type != JSON_INTEGER && (v->type != JSON_STRING || v->escaped)) return -1;
  return parse_integer(v->text, v->size, &n) ? n : -1;
}

/* A moment in milliseconds, which some answers have in microseconds (v2 documentation, execution/list). */
static int64_t reset_of(const JsonValue *v) {
  int64_t n = count_of(v);
  return n > 100000000000000 ? n / 1000 : n;
}

static int64_t time_of(const Names *n, const JsonValue *v) {
  int64_t ms = 0;
  if (!n->seconds) return v->type == JSON_INTEGER ? v->integer : 0;
  bool number = v->type == JSON_INTEGER || v->type == JSON_NUMBER || (v->type == JSON_STRING && !v->escaped);
  return number && moment_seconds(v->text, v->size, &ms) ? ms : 0;
}

/* What a success says besides: a text, or a number that is not 0. */
static void take_note(const JsonValue *v, Answer *a) {
  bool says = v->type == JSON_STRING ? v->size > 0 : v->type == JSON_INTEGER && v->integer != 0;
  if (!says) return;
  a->note = v->text;
  a->note_size = v->size;
}

static bool take_code(Decode *d, const JsonValue *v, Answer *a) {
  if (v->type != JSON_INTEGER) return failed(d->s, "the return code is no integer");
  a->code = v->integer;
  return a->has_code = true;
}

static enum Part part_of(const Names *n, const JsonValue *key) {
  int i = 0;
  while (i < PARTS && !key_is(key, n->part[i])) i++;
  return (enum Part)i;
}

/* Takes one member of the envelope, whose value 'v' was read. stack: result, message from 'base' on */
static bool take_part(Decode *d, const Endpoint *ep, const Names *n, enum Part part, const JsonValue *v,
                      int base, Answer *a) {
  switch (part) {
  case PART_CODE: return take_code(d, v, a);
  case PART_MESSAGE:
    if (v->type != JSON_STRING) break;
    push_string(d->L, v);
    lua_replace(d->L, base + 1);
    d->message = *v;
    break;
  case PART_RESULT:
    if (!push_result(d, ep, v)) return false;
    lua_replace(d->L, base);
    return true;
  case PART_TIME: a->time = time_of(n, v); break;
  case PART_NOTE: take_note(v, a); break;
  case PART_LIMIT: a->limit = count_of(v); break;
  case PART_LEFT: a->left = count_of(v); break;
  case PART_RESET: a->reset = reset_of(v); break;
  case PARTS: break;
  }
  return json_scan_skip(d->s, v);
}

/* stack: result, message, undecoded from 'base' on */
static bool read_envelope(Decode *d, const Endpoint *ep, const Names *n, int base, Answer *a) {
  JsonValue key, v;
  char room[JSON_KEY];
  if (json_scan_value(d->s, &v) == JSON_ERROR) return false;
  if (v.type != JSON_OBJECT) return failed(d->s, "an object expected");
  int more;
  bool seen[PARTS] = {false};
  while ((more = json_scan_key(d->s, &key, room)) == 1) {
    enum Part part = part_of(n, &key);
    if (json_scan_value(d->s, &v) == JSON_ERROR) return false;
    if (part < PARTS && seen[part])
      return failed(d->s, "duplicate key"); /* of two results none is safely right */
    if (part < PARTS) seen[part] = true;
    if (!take_part(d, ep, n, part, &v, base, a)) return false;
  }
  if (more < 0 || !json_scan_end(d->s)) return false;
  if (!a->has_code) return failed(d->s, "no return code");
  if (ep->list_needed && !d->listed && d->misfit == NULL) d->misfit = "no list in the result";
  return a->code != 0 || d->misfit == NULL || failed(d->s, d->misfit);
}

/* A code with which the exchange says that it did what was asked, but not all of it, beside the result: a success with a
** note. The dialect's envelope at 'names' lists such codes. */
static void forgive(const Decode *d, int names, int result, Answer *a) {
  lua_State *L = d->L;
  if (a->code == 0 || !lua_istable(L, result)) return;
  if (lua_getfield(L, names, "flawed") == LUA_TTABLE) {
    lua_rawgeti(L, -1, a->code);
    if (lua_toboolean(L, -1)) {
      a->code = 0;
      take_note(&d->message, a);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

void schema_decode(lua_State *L, const Endpoint *ep, int record, int names, const char *text, size_t size,
                   Answer *a) {
  *a = (Answer){.limit = -1, .left = -1, .reset = -1};
  JsonScanner s;
  json_scan_init(&s, text, size, JSON_DEPTH);
  luaL_checkstack(L, 30, "an answer");
  names = lua_absindex(L, names);
  record = lua_absindex(L, record);
  const Names n = envelope_names(L, names);
  lua_settop(L, lua_gettop(L) + 3);
  int base = lua_gettop(L) - 2;
  Decode d = {.L = L, .s = &s, .undecoded = base + 2, .record = luaL_testudata(L, record, SCHEMA_RECORD)};
  if (d.record != NULL) {
    lua_getiuservalue(L, record, 1);
    lua_getiuservalue(L, record, 2);
  } else
    lua_settop(L, base + 4);
  d.anchors = base + 3;
  d.metatable = base + 4;
  if (!read_envelope(&d, ep, &n, base, a)) {
    a->error = s.error != NULL ? s.error : "malformed";
    a->offset = json_scan_offset(&s) + 1;
    lua_settop(L, base - 1);
    lua_settop(L, base + 2);
    return;
  }
  forgive(&d, names, base, a);
  if (ep->shape == SHAPE_LIST && lua_isnil(L, base)) {
    new_list(&d);
    lua_replace(L, base);
  }
  lua_settop(L, base + 2);
}
