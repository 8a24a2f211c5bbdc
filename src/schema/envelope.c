/*
** Decodes answers: the envelope, and the result in it (decode.c).
*/
#include "decode.h"
#include "value/moment.h"

#include <lauxlib.h>
#include <string.h>

enum Part {
  PART_CODE,
  PART_MESSAGE,
  PART_RESULT,
  PART_TIME,
  PART_NOTE,
  PART_LIMIT,
  PART_LEFT,
  PART_RESET,
  PART_DETAILS,    /* of a batch: what became of each element */
  PART_OTHER_CODE, /* as a gateway spells them */
  PART_OTHER_MESSAGE,
  PARTS
};

/* The userdata of schema_push_names: how a dialect names the parts of its envelope. User value 1: the dialect's table, which keeps
** the texts alive. */
typedef struct Names {
  struct {
    const char *text; /* NULL: it has no such part; without one for the code each is a success */
    size_t size;
  } part[PARTS];
  bool seconds; /* its time is in seconds with decimals */
} Names;

void schema_push_names(lua_State *L, int table) {
  static const char *const keys[PARTS] = {"code", "message", "result",  "time",       "note",         "limit",
                                          "left", "reset",   "details", "other_code", "other_message"};
  table = lua_absindex(L, table);
  Names *n = lua_newuserdatauv(L, sizeof *n, 1);
  *n = (Names){0};
  lua_pushvalue(L, table);
  lua_setiuservalue(L, -2, 1);
  for (int i = 0; i < PARTS; i++) {
    if (lua_getfield(L, table, keys[i]) == LUA_TSTRING)
      n->part[i].text = lua_tolstring(L, -1, &n->part[i].size);
    lua_pop(L, 1);
  }
  lua_getfield(L, table, "seconds");
  n->seconds = lua_toboolean(L, -1);
  lua_pop(L, 1);
}

/* A number, or a text of digits, as an integer; -1 when it is none. */
static int64_t count_of(const JsonValue *v) {
  int64_t n = -1;
  if (v->type != JSON_INTEGER && (v->type != JSON_STRING || v->escaped)) return -1;
  return decode_integer(v->text, v->size, &n) ? n : -1;
}

/* A moment in milliseconds. Some answers have it in microseconds (v2 documentation, execution/list). */
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

/* Takes the remark on a success: a text, or a number that is not 0. */
static void take_note(const JsonValue *v, Answer *a) {
  bool says = v->type == JSON_STRING ? v->size > 0 : v->type == JSON_INTEGER && v->integer != 0;
  if (!says) return;
  a->note = v->text;
  a->note_size = v->size;
}

/* A return code: an integer, which may be in quotes. */
static bool is_code(const JsonValue *v, int64_t *code) {
  *code = v->integer;
  if (v->type != JSON_STRING) return v->type == JSON_INTEGER;
  const char *digits = v->text;
  size_t size = v->size;
  if (v->escaped || size == 0) return false;
  bool zero = size == 1 && digits[0] == '0';
  if (digits[0] == '-' && size > 1) digits++, size--;
  bool plain = digits[0] >= '1' && digits[0] <= '9';
  return (zero || plain) && decode_integer(v->text, v->size, code);
}

static bool take_code(Decode *d, const JsonValue *v, Answer *a) {
  if (!is_code(v, &a->code)) return decode_failed(d->s, "the return code is not an integer");
  return a->has_code = true;
}

static enum Part part_of(const Names *n, const JsonValue *key) {
  int i = 0;
  if (key->escaped) return PARTS;
  while (i < PARTS && (n->part[i].size != key->size || n->part[i].text == NULL ||
                       memcmp(n->part[i].text, key->text, key->size) != 0))
    i++;
  return (enum Part)i;
}

typedef struct Envelope { /* one that is being read */
  Decode *d;
  const Endpoint *ep;
  const Names *names;
  int base;    /* stack: result, message, undecoded from here on */
  int details; /* stack place of PART_DETAILS; nil while there is none */
  Answer *a;
  JsonValue other_code, other_message;
} Envelope;

/* A message: any value that says something, as text. */
static bool take_message(const Envelope *e, const JsonValue *v) {
  if (v->type == JSON_NULL) return true;
  e->d->message = *v;
  if (!decode_push_text(e->d, v)) return false;
  lua_replace(e->d->L, e->base + 1);
  return true;
}

/* Takes one member, whose value 'v' was read. */
static bool take_part(Envelope *e, enum Part part, const JsonValue *v) {
  Answer *a = e->a;
  switch (part) {
  case PART_CODE: return take_code(e->d, v, a);
  case PART_MESSAGE: return take_message(e, v);
  case PART_RESULT:
    if (!decode_result(e->d, e->ep, v)) return false;
    lua_replace(e->d->L, e->base);
    return true;
  case PART_TIME: a->time = time_of(e->names, v); break;
  case PART_NOTE: take_note(v, a); break;
  case PART_LIMIT: a->limit = count_of(v); break;
  case PART_LEFT: a->left = count_of(v); break;
  case PART_RESET: a->reset = reset_of(v); break;
  case PART_DETAILS:
    if (e->ep->items == NULL) break;
    if (!decode_push_any(e->d, v)) return false;
    lua_replace(e->d->L, e->details);
    return true;
  case PART_OTHER_CODE: e->other_code = *v; break;
  case PART_OTHER_MESSAGE: e->other_message = *v; break;
  case PARTS: break;
  }
  return json_scan_skip(e->d->s, v);
}

/* A gateway may answer in the spelling of the other wire (V5 documentation, answers): its refusal is one, a success of such
** a kind is none. */
static void take_other(const Envelope *e) {
  int64_t code;
  if (e->a->has_code || !is_code(&e->other_code, &code) || code == 0) return;
  e->a->code = code;
  e->a->has_code = true;
  if (e->other_message.type != JSON_STRING || !lua_isnil(e->d->L, e->base + 1)) return;
  decode_push_string(e->d->L, &e->other_message);
  lua_replace(e->d->L, e->base + 1);
}

static bool read_envelope(Envelope *e) {
  Decode *d = e->d;
  JsonValue key, v;
  char room[JSON_KEY];
  if (json_scan_value(d->s, &v) == JSON_ERROR) return false;
  if (v.type != JSON_OBJECT) return decode_failed(d->s, "an object expected");
  int more;
  bool seen[PARTS] = {false};
  while ((more = json_scan_key(d->s, &key, room)) == 1) {
    enum Part part = part_of(e->names, &key);
    if (json_scan_value(d->s, &v) == JSON_ERROR) return false;
    if (part < PARTS && seen[part])
      return decode_failed(d->s, "duplicate key"); /* of two results we could not tell which is right */
    if (part < PARTS) seen[part] = true;
    if (!take_part(e, part, &v)) return false;
  }
  if (more < 0 || !json_scan_end(d->s)) return false;
  take_other(e);
  bool coded = e->names->part[PART_CODE].text != NULL;
  if (coded && !e->a->has_code) return decode_failed(d->s, "no return code");
  if (e->ep->list_needed && !d->listed && d->misfit == NULL) d->misfit = "no list in the result";
  return e->a->code != 0 || d->misfit == NULL || decode_failed(d->s, d->misfit);
}

/* Some codes mean that the exchange did what was asked, but not all of it, and there is a result. The dialect lists them
** (flawed, in 'names'). Such an answer becomes a success with a note. */
static void forgive(const Decode *d, int names, int result, Answer *a) {
  lua_State *L = d->L;
  if (a->code == 0 || !lua_istable(L, result)) return;
  int top = lua_gettop(L);
  lua_getiuservalue(L, names, 1);
  if (lua_getfield(L, -1, "flawed") == LUA_TTABLE) {
    lua_rawgeti(L, -1, a->code);
    if (lua_toboolean(L, -1)) {
      a->code = 0;
      take_note(&d->message, a);
    }
  }
  lua_settop(L, top);
}

void schema_decode(lua_State *L, const Endpoint *ep, int record, int names, const char *text, size_t size,
                   Answer *a) {
  *a = (Answer){.limit = -1, .left = -1, .reset = -1};
  JsonScanner s;
  json_scan_init(&s, text, size, JSON_DEPTH);
  luaL_checkstack(L, DECODE_STACK, "an answer");
  names = lua_absindex(L, names);
  record = lua_absindex(L, record);
  lua_settop(L, lua_gettop(L) + 3);
  int base = lua_gettop(L) - 2;
  Decode d = {.L = L, .s = &s, .undecoded = base + 2, .record = lua_touserdata(L, record)};
  if (d.record != NULL) {
    lua_getiuservalue(L, record, 1);
    lua_getiuservalue(L, record, 2);
  }
  lua_settop(L, base + 6);
  d.anchors = base + 3;
  d.metatable = base + 4;
  d.decimals = base + 5;
  Envelope e = {
      .d = &d, .ep = ep, .names = lua_touserdata(L, names), .base = base, .details = base + 6, .a = a};
  if (!read_envelope(&e)) {
    a->error = s.error != NULL ? s.error : "malformed";
    a->offset = json_scan_offset(&s) + 1;
    lua_settop(L, base - 1);
    lua_settop(L, base + 2);
    return;
  }
  forgive(&d, names, base, a);
  if (ep->shape == SHAPE_LIST && lua_isnil(L, base)) {
    decode_new_list(&d);
    lua_replace(L, base);
  }
  if (ep->items != NULL && lua_istable(L, base)) {
    lua_pushliteral(L, "details");
    lua_pushvalue(L, e.details);
    lua_rawset(L, base);
  }
  lua_settop(L, base + 2);
}
