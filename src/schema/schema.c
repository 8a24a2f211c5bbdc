/*
** Compiles endpoints: rows of lua/bybit/wire become structs that encode.c walks. A malformed row is our own mistake; it
** raises when it is compiled, and a spec compiles every row. record.c compiles records.
*/
#include "schema.h"
#include "compile.h"
#include "value/percent.h"

#include <lauxlib.h>
#include <string.h>

static const char hints_key; /* its address is the registry's key of the function that writes suggestions */

void schema_push_hints(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &hints_key);
}

/* hints(f): sets the function that writes suggestions */
static int schema_set_hints(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &hints_key);
  return 0;
}

/* Moves the value on top of the stack into the anchors and returns its index there. */
static int anchor(lua_State *L, int anchors) {
  int ref = (int)lua_rawlen(L, anchors) + 1;
  lua_rawseti(L, anchors, ref);
  return ref;
}

/* The string in field 'key' of the table at 't', kept alive by the anchors; NULL when there is none. Like the next three,
** it pushes nothing. */
static const char *anchored_field(lua_State *L, int t, const char *key, int anchors) {
  const char *text = NULL;
  if (lua_getfield(L, t, key) == LUA_TSTRING) {
    text = lua_tostring(L, -1);
    lua_pushvalue(L, -1);
    anchor(L, anchors);
  }
  lua_pop(L, 1);
  return text;
}

/* Is field 'key' of the table at 't' true? */
static bool flag(lua_State *L, int t, const char *key) {
  lua_getfield(L, t, key);
  bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

/* Moves field 'key' of the table at 't' into the anchors and returns its index there; 0 when it is nil. */
static int ref_field(lua_State *L, int t, const char *key, int anchors) {
  if (lua_getfield(L, t, key) == LUA_TNIL) {
    lua_pop(L, 1);
    return 0;
  }
  return anchor(L, anchors);
}

static int integer_field(lua_State *L, int t, const char *key, int otherwise) {
  int n = lua_getfield(L, t, key) == LUA_TNIL ? otherwise : (int)luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  return n;
}

/* Pushes "," and the name as a JSON string, and ":"; or "&", the name as queries spell it, and "=". */
static void push_token(lua_State *L, const char *wire, bool json) {
  size_t size = strlen(wire);
  Bytes b = {0};
  bool fine = bytes_text(&b, json ? "," : "&") &&
              (json ? json_quote(&b, wire, size) : percent_encode(&b, wire, size)) &&
              bytes_text(&b, json ? ":" : "=");
  char token[SCHEMA_TOKEN];
  bool failed = b.failed;
  fine = fine && b.size <= sizeof token;
  size = fine ? b.size : 0;
  if (fine) memcpy(token, b.data, size);
  bytes_free(&b);
  if (failed) luaL_error(L, "not enough memory");
  if (!fine) luaL_error(L, "declaration: no wire name '%s'", wire);
  lua_pushlstring(L, token, size);
}

/* What stands before the value of the field 'wire', kept alive by the anchors. */
static Token make_token(lua_State *L, const char *wire, bool json, int anchors) {
  Token t;
  push_token(L, wire, json);
  t.text = lua_tolstring(L, -1, &t.size);
  anchor(L, anchors);
  return t;
}

static ParamType param_type(lua_State *L, const char *name) {
  static const struct {
    const char *name;
    ParamType type;
  } types[] = {{"string", PARAM_STRING},   {"symbol", PARAM_SYMBOL},
               {"id", PARAM_ID},           {"client_order_id", PARAM_LINK},
               {"decimal", PARAM_DECIMAL}, {"integer", PARAM_INTEGER},
               {"boolean", PARAM_BOOLEAN}, {"enum", PARAM_ENUM},
               {"time", PARAM_TIME},       {"cursor", PARAM_CURSOR},
               {"seconds", PARAM_SECONDS}, {"table", PARAM_TABLE},
               {"token", PARAM_TOKEN},     {"coin", PARAM_COIN},
               {"coins", PARAM_COINS},     {"uuid", PARAM_UUID}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(types[i].name, name) == 0) return types[i].type;
  luaL_error(L, "declaration: unknown parameter type '%s'", name);
  return PARAM_STRING;
}

/* The option of the call that a parameter without a wire name is, if it is one. */
static CallOption call_option(const char *name) {
  static const struct {
    const char *name;
    CallOption option;
  } options[] = {{"receive_window", OPTION_RECEIVE_WINDOW},
                 {"timeout", OPTION_TIMEOUT},
                 {"connect_timeout", OPTION_CONNECT_TIMEOUT},
                 {"deadline", OPTION_DEADLINE},
                 {"cancel", OPTION_CANCEL},
                 {"raw", OPTION_RAW},
                 {"extra", OPTION_EXTRA},
                 {"confirm", OPTION_CONFIRM},
                 {"id_prefix", OPTION_ID_PREFIX},
                 {"category", OPTION_CATEGORY}};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (strcmp(options[i].name, name) == 0) return options[i].option;
  return OPTION_NONE;
}

int schema_find(const Endpoint *ep, const char *name) {
  for (int i = 0; i < ep->param_count; i++)
    if (strcmp(ep->param[i].name, name) == 0) return i;
  return -1;
}

/* The index of a parameter that a declaration names; raises when there is none. */
static int must_find(lua_State *L, const Endpoint *ep, const char *name) {
  int i = name == NULL ? -1 : schema_find(ep, name);
  if (i < 0) luaL_error(L, "declaration of %s: no parameter '%s'", ep->method, name == NULL ? "?" : name);
  return i;
}

/* Reads a bound of the row. False when it is not given; raises when it is no decimal. */
static bool bound(lua_State *L, int row, const char *key, Decimal *out) {
  bool found = lua_getfield(L, row, key) != LUA_TNIL;
  if (found && !decimal_exact(L, -1, out)) luaL_error(L, "declaration: '%s': %s", key, lua_tostring(L, -1));
  lua_pop(L, 1);
  return found;
}

/* max, and min or above. */
static void compile_limits(lua_State *L, int row, Param *p) {
  p->has_max = bound(L, row, "max", &p->max);
  p->has_min = bound(L, row, "min", &p->min);
  if (!p->has_min) p->has_min = p->min_open = bound(L, row, "above", &p->min);
}

/* Makes the table of an enum's words and what goes out for each: the row's 'wire' table says, else the word itself. The
** words are the row's 'values', else all values of the enum. Returns the table's index in the anchors. */
static int compile_enum(lua_State *L, int row, int enums, int anchors) {
  lua_newtable(L);
  int values = lua_gettop(L);
  lua_getfield(L, row, "enum");
  bool declared = lua_gettable(L, enums) == LUA_TTABLE;
  if (lua_getfield(L, row, "values") == LUA_TNIL && declared) lua_getfield(L, -2, "values");
  if (!lua_istable(L, -1)) luaL_error(L, "declaration: a parameter's enum is not declared");
  int words = lua_gettop(L);
  bool mapped = lua_getfield(L, row, "wire") == LUA_TTABLE;
  int map = lua_gettop(L);
  for (lua_Integer i = 1; lua_rawgeti(L, words, i) == LUA_TSTRING; i++) {
    lua_pushvalue(L, -1);
    if (mapped) {
      lua_pushvalue(L, -2);
      if (lua_rawget(L, map) == LUA_TNIL)
        lua_pop(L, 1);
      else
        lua_remove(L, -2);
    }
    lua_rawset(L, values);
  }
  lua_settop(L, values);
  return anchor(L, anchors);
}

/* Compiles { category = { name, endings of symbols that are none of it } }, kept alive by the anchors. False: there is none. */
static bool compile_kinds(lua_State *L, Endpoint *ep, int row, int anchors) {
  if (lua_getfield(L, row, "kind") != LUA_TTABLE) {
    lua_pop(L, 1);
    return false;
  }
  int kinds = lua_gettop(L);
  luaL_checkstack(L, SCHEMA_ENDINGS + 8, "a declaration");
  lua_pushvalue(L, kinds);
  anchor(L, anchors);
  for (lua_pushnil(L); lua_next(L, kinds) != 0; lua_settop(L, kinds + 1)) {
    if (ep->kind_count == SCHEMA_KINDS) luaL_error(L, "declaration of %s: too many categories", ep->method);
    Kind *k = &ep->kind[ep->kind_count++];
    *k = (Kind){.category = luaL_checkstring(L, kinds + 1)};
    luaL_checktype(L, kinds + 2, LUA_TTABLE);
    lua_rawgeti(L, kinds + 2, 1);
    k->name = luaL_checkstring(L, -1);
    for (lua_Integer i = 2; lua_rawgeti(L, kinds + 2, i) == LUA_TSTRING; i++) {
      if (k->count == SCHEMA_ENDINGS) luaL_error(L, "declaration of %s: too many endings", ep->method);
      k->ending[k->count++] = lua_tostring(L, -1);
    }
  }
  lua_settop(L, kinds - 1);
  return true;
}

/* Compiles one row of 'params'. It leaves values above 'row'; next_row clears them. */
static void compile_param(lua_State *L, Endpoint *ep, int row, int enums, int anchors) {
  Param *p = &ep->param[ep->param_count];
  *p = (Param){.when_param = -1, .unless_param = -1, .by_param = -1};
  lua_rawgeti(L, row, 1);
  p->name = luaL_checkstring(L, -1);
  lua_rawseti(L, anchors, ep->param_count + 1);
  if (lua_rawgeti(L, row, 2) == LUA_TSTRING) {
    p->wire = lua_tostring(L, -1);
    anchor(L, anchors);
  } else {
    lua_pop(L, 1);
    p->option = call_option(p->name);
  }
  lua_rawgeti(L, row, 3);
  p->type = param_type(L, luaL_checkstring(L, -1));
  lua_pop(L, 1);
  p->required = flag(L, row, "required");
  p->reduces = flag(L, row, "reduces");
  if (lua_getfield(L, row, "required") == LUA_TSTRING)
    p->why_ref = anchor(L, anchors);
  else
    lua_pop(L, 1);
  p->generate = flag(L, row, "generate");
  p->also = anchored_field(L, row, "also", anchors);
  p->default_ref = ref_field(L, row, "default", anchors);
  p->kind = ep->kind_count == 0 && compile_kinds(L, ep, row, anchors);
  p->whole_ref = ref_field(L, row, "whole", anchors);
  p->leg = flag(L, row, "leg");
  if (p->type == PARAM_ENUM)
    p->values_ref = compile_enum(L, row, enums, anchors);
  else
    compile_limits(L, row, p);
  if (p->type == PARAM_UUID && p->wire != NULL) ep->uuid = p->name;
  ep->names_order |= p->wire != NULL && (p->type == PARAM_ID || p->type == PARAM_LINK);
  ep->param_count++;
}

/* Compiles what refers to other parameters, when all of them are known: required_when and default_by. */
static void compile_references(lua_State *L, Endpoint *ep, int row, Param *p, int anchors) {
  if (lua_getfield(L, row, "required_when") == LUA_TTABLE) {
    int when = lua_gettop(L);
    lua_rawgeti(L, when, 1);
    p->when_param = must_find(L, ep, lua_tostring(L, -1));
    lua_pop(L, 1);
    lua_rawgeti(L, when, 2);
    p->when_ref = anchor(L, anchors);
    if (lua_getfield(L, when, "unless") == LUA_TSTRING)
      p->unless_param = must_find(L, ep, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (lua_getfield(L, row, "default_by") == LUA_TTABLE) {
    lua_rawgeti(L, -1, 1);
    p->by_param = must_find(L, ep, lua_tostring(L, -1));
    lua_pop(L, 1);
    p->by_ref = anchor(L, anchors);
  } else
    lua_pop(L, 1);
  if (lua_getfield(L, row, "zero_with") == LUA_TTABLE)
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
      int k = must_find(L, ep, lua_tostring(L, -1));
      if (k >= 0) p->zero_with |= (uint64_t)1 << k; /* it always is: must_find raises */
      lua_pop(L, 1);
    }
  lua_settop(L, row);
}

/* Compiles one row of 'rules'. The names are in the order of RuleKind. */
static void compile_rule(lua_State *L, Endpoint *ep, int row, int anchors) {
  static const char *const names[] = {"one_of",    "any_of",  "together", "equal", "excludes",
                                      "direction", "mode_by", "closes",   NULL};
  if (ep->rule_count == SCHEMA_RULES) luaL_error(L, "declaration of %s: too many rules", ep->method);
  Rule *r = &ep->rule[ep->rule_count++];
  lua_rawgeti(L, row, 1);
  r->kind = (RuleKind)luaL_checkoption(L, -1, NULL, names);
  r->set = 0;
  lua_pop(L, 1);
  r->category = anchored_field(L, row, "category", anchors);
  for (lua_Integer i = 2; lua_rawgeti(L, row, i) == LUA_TSTRING; i++) {
    if (r->count == SCHEMA_RULE_PARAMS) luaL_error(L, "declaration of %s: a rule is too long", ep->method);
    int k = must_find(L, ep, lua_tostring(L, -1));
    r->param[r->count++] = k;
    if (k >= 0) r->set |= (uint64_t)1 << k; /* it always is: must_find raises */
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Compiles one row of 'fixed'. */
static void compile_fixed(lua_State *L, Endpoint *ep, int row, int anchors) {
  if (ep->fixed_count == (int)(sizeof ep->fixed / sizeof *ep->fixed))
    luaL_error(L, "declaration of %s: too many fixed parameters", ep->method);
  Fixed *f = &ep->fixed[ep->fixed_count++];
  lua_rawgeti(L, row, 1);
  f->wire = luaL_checkstring(L, -1);
  anchor(L, anchors);
  f->value = anchored_field(L, row, "value", anchors);
  f->token = make_token(L, f->wire, ep->json, anchors);
}

/* Compiles 'result': what the answer holds, and where. */
static void compile_shape(lua_State *L, Endpoint *ep, int row, int anchors) {
  if (lua_getfield(L, row, "result") != LUA_TTABLE) luaL_error(L, "declaration of %s: no result", ep->method);
  int result = lua_gettop(L);
  ep->list_key = anchored_field(L, result, "key", anchors);
  ep->list_needed = flag(L, result, "needed");
  ep->part = anchored_field(L, result, "part", anchors);
  ep->heads = flag(L, result, "heads");
  ep->single = flag(L, result, "single");
  ep->cursor_key = anchored_field(L, result, "cursor", anchors);
  if (ep->cursor_key == NULL) ep->cursor_key = anchored_field(L, result, "more", anchors);
  static const struct {
    const char *key;
    ShapeKind kind;
  } shapes[] = {
      {"record", SHAPE_RECORD}, {"list", SHAPE_LIST}, {"first", SHAPE_FIRST}, {"columns", SHAPE_COLUMNS}};
  ep->shape = flag(L, result, "free") ? SHAPE_FREE : SHAPE_NONE;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    if (flag(L, result, shapes[i].key)) ep->shape = shapes[i].kind;
  if (ep->cursor_key != NULL && ep->list_key == NULL)
    luaL_error(L, "declaration of %s: its result has a cursor but no key", ep->method);
  lua_pop(L, 1);
}

/* Pushes the array in field 'key' of the declaration at 'row', or an empty one; returns its stack place. */
static int push_rows(lua_State *L, int row, const char *key) {
  if (lua_getfield(L, row, key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
  }
  return lua_gettop(L);
}

/* Clears the stack above the array at 'rows' and pushes its n-th row there. False when there is none. */
static bool next_row(lua_State *L, int rows, lua_Integer n) {
  lua_settop(L, rows);
  return lua_rawgeti(L, rows, n) == LUA_TTABLE;
}

/* Compiles the rows of 'params'. Those that refer to others come second, when all names are known. */
static void compile_params(lua_State *L, Endpoint *ep, int declaration, int enums, int anchors) {
  int rows = push_rows(L, declaration, "params");
  lua_Integer count = (lua_Integer)lua_rawlen(L, rows);
  if (count > SCHEMA_PARAMS) luaL_error(L, "declaration of %s: too many parameters", ep->method);
  for (lua_Integer i = 1; i <= count; i++) { /* keeps the first places of the anchors for the names */
    lua_pushboolean(L, 0);
    lua_rawseti(L, anchors, i);
  }
  for (lua_Integer n = 1; next_row(L, rows, n); n++) compile_param(L, ep, rows + 1, enums, anchors);
  for (lua_Integer n = 1; next_row(L, rows, n); n++)
    compile_references(L, ep, rows + 1, &ep->param[n - 1], anchors);
  lua_settop(L, rows - 1);
}

/* Enters a name into the table of names: 'value' is what schema.h says of 'slot'. */
static void enter_name(Endpoint *ep, const char *name, int value) {
  size_t at = schema_slot(name);
  while (ep->slot[at] != 0) at = (at + 1) % SCHEMA_SLOTS;
  ep->slot[at] = (unsigned char)value;
}

/* What follows from the parameters when all of them are known: their names, sets of them, and what stands before values. */
static void index_params(lua_State *L, Endpoint *ep, int anchors) {
  ep->generates = ep->category = -1;
  for (int i = 0; i < ep->param_count; i++) {
    Param *p = &ep->param[i];
    uint64_t bit = (uint64_t)1 << i;
    enter_name(ep, p->name, i + 1);
    if (p->also != NULL) enter_name(ep, p->also, SCHEMA_PARAMS + i + 1);
    if (p->required) ep->required |= bit;
    if (p->when_param >= 0) ep->beside |= bit;
    if (p->by_param >= 0 || p->default_ref != 0 || p->generate) ep->defaults |= bit;
    if (p->generate && ep->generates < 0) ep->generates = i;
    if (p->option == OPTION_CATEGORY) ep->category = i;
    if (p->wire != NULL) p->token = make_token(L, p->wire, ep->json, anchors);
  }
}

static void compile_fields(lua_State *L, Endpoint *ep, int declaration, int anchors) {
  ep->row = anchored_field(L, declaration, "name", anchors);
  ep->verb = anchored_field(L, declaration, "verb", anchors);
  ep->path = anchored_field(L, declaration, "path", anchors);
  ep->group = anchored_field(L, declaration, "group", anchors);
  ep->limit = integer_field(L, declaration, "limit", 0);
  ep->per = integer_field(L, declaration, "per", 1);
  ep->weight = integer_field(L, declaration, "weight", 1);
  ep->by_symbol = flag(L, declaration, "by_symbol");
  ep->changes = flag(L, declaration, "changes");
  ep->open = flag(L, declaration, "open");
  ep->composite = flag(L, declaration, "composite");
  ep->internal = flag(L, declaration, "internal");
  ep->items = anchored_field(L, declaration, "items", anchors);
  ep->settle = anchored_field(L, declaration, "settle", anchors);
  ep->change = change_of(ep->settle);
  ep->conditional = flag(L, declaration, "conditional");
  ep->heard = flag(L, declaration, "heard");
  ep->cancels = flag(L, declaration, "cancels");
  ep->protects = flag(L, declaration, "protects");
  ep->post = ep->verb != NULL && strcmp(ep->verb, "POST") == 0;
  ep->json = ep->post && !flag(L, declaration, "form");
  ep->reserved_ref = ref_field(L, declaration, "reserved", anchors);
  int rows = push_rows(L, declaration, "rules");
  for (lua_Integer n = 1; next_row(L, rows, n); n++) compile_rule(L, ep, rows + 1, anchors);
  lua_settop(L, rows - 1);
  rows = push_rows(L, declaration, "fixed");
  for (lua_Integer n = 1; next_row(L, rows, n); n++) compile_fixed(L, ep, rows + 1, anchors);
  lua_settop(L, rows - 1);
}

/* endpoint(method, declaration, enums) -> the userdata "bybit.endpoint". It owns the struct; the anchors are its user
** value. */
static int schema_endpoint(lua_State *L) {
  luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  Endpoint *ep = lua_newuserdatauv(L, sizeof *ep, 1);
  *ep = (Endpoint){0};
  luaL_setmetatable(L, SCHEMA_ENDPOINT);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 4, 1);
  const int anchors = 5;
  ep->method = lua_tostring(L, 1);
  compile_params(L, ep, 2, 3, anchors);
  lua_pushvalue(L, 1);
  anchor(L, anchors);
  compile_fields(L, ep, 2, anchors);
  index_params(L, ep, anchors);
  compile_shape(L, ep, 2, anchors);
  lua_settop(L, 4);
  return 1;
}

void schema_open(lua_State *L) {
  luaL_newmetatable(L, SCHEMA_ENDPOINT);
  lua_pop(L, 1);
  schema_record_open(L);
  static const luaL_Reg functions[] = {{"endpoint", schema_endpoint},
                                       {"record", schema_record},
                                       {"hints", schema_set_hints},
                                       {"reader", schema_reader},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "schema");
}
