/*
** Reads the caller's table of parameters, checks it, and writes it as a query, a form or a JSON body, in one walk over the
** declaration.
*/
#include "walk.h"

#include "value/decimal_lua.h"
#include "value/json_lua.h"
#include "value/percent.h"

#include <lauxlib.h>
#include <string.h>

/* Raises: the caller's table has a key that is no parameter, or both names of one. Names the first such key. */
static int unknown_parameter(const Walk *w) {
  lua_State *L = w->L;
  int names = lua_gettop(L) + 1;
  lua_newtable(L); /* every name there is */
  for (int i = 0; i < w->ep->param_count; i++) {
    const Param *p = &w->ep->param[i];
    lua_pushboolean(L, 1);
    lua_setfield(L, names, p->name);
    if (p->also == NULL) continue;
    lua_pushboolean(L, 1);
    lua_setfield(L, names, p->also);
  }
  for (lua_pushnil(L); lua_next(L, w->params) != 0; lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    bool known = lua_rawget(L, names) != LUA_TNIL;
    lua_pop(L, 1);
    if (known) continue;
    int key = lua_gettop(L) - 1;
    if (lua_type(L, key) != LUA_TSTRING)
      return luaL_error(L, "%s: parameters have names: there is no place for a value at [%s]", w->ep->method,
                        walk_shown(L, key));
    lua_pushliteral(L, "parameter");
    lua_pushstring(L, w->ep->method);
    lua_pushvalue(L, key);
    lua_pushvalue(L, names);
    lua_pushvalue(L, w->params);
    const char *more = walk_hint(L, 5);
    return luaL_error(L, "%s: unknown parameter '%s'%s", w->ep->method, lua_tostring(L, key), more);
  }
  for (int i = 0; i < w->ep->param_count; i++) {
    const Param *p = &w->ep->param[i];
    if (p->also == NULL) continue;
    lua_pushstring(L, p->also);
    bool both = lua_rawget(L, w->params) != LUA_TNIL;
    lua_pushstring(L, p->name);
    both = lua_rawget(L, w->params) != LUA_TNIL && both;
    if (both)
      return luaL_error(L, "%s: '%s' and '%s' are two names of one parameter: give one of them",
                        w->ep->method, p->name, p->also);
    lua_pop(L, 2);
  }
  return luaL_error(L, "%s: a parameter is given twice", w->ep->method);
}

/* The same as parameter_of for a name that its address does not tell, as that of a long string. */
static int search_name(const Endpoint *ep, const char *name, size_t size) {
  for (int i = 0; i < ep->param_count; i++) {
    const Param *p = &ep->param[i];
    if (strlen(p->name) == size && memcmp(p->name, name, size) == 0) return i;
    if (p->also != NULL && strlen(p->also) == size && memcmp(p->also, name, size) == 0) return i;
  }
  return -1;
}

/* The parameter that the key at 'index' names; -1 for none. */
static int parameter_of(const Walk *w, int index) {
  const Endpoint *ep = w->ep;
  size_t size;
  if (lua_type(w->L, index) != LUA_TSTRING) return -1;
  const char *name = lua_tolstring(w->L, index, &size);
  for (size_t at = schema_slot(name); ep->slot[at] != 0; at = (at + 1) % SCHEMA_SLOTS) {
    int value = ep->slot[at] - 1, i = value % SCHEMA_PARAMS;
    if (name == (value < SCHEMA_PARAMS ? ep->param[i].name : ep->param[i].also)) return i;
  }
  return search_name(ep, name, size);
}

/* Moves each value of the caller's table into its slot. The table is read raw, so no Lua code runs; a table with __index is
** refused, as its inherited fields would silently be missing. */
static void read_params(Walk *w) {
  lua_State *L = w->L;
  lua_pushnil(L);
  while (lua_next(L, w->params) != 0) {
    int i = parameter_of(w, -2);
    if (i < 0 || walk_given(w, i)) {
      unknown_parameter(w);
      return;
    }
    if (w->ep->param[i].option == OPTION_EXTRA) w->extra = walk_slot(w, i);
    walk_fill(w, i);
  }
  if (luaL_getmetafield(L, w->params, "__index") != LUA_TNIL)
    luaL_error(
        L,
        "%s: a plain table expected: this one has a metatable with __index, whose fields would not be sent",
        w->ep->method);
}

/* Writes what stands before a value. The first of a JSON body has a bracket in place of the comma, of a query nothing. */
static void put_token(Walk *w, const Token *t) {
  Bytes *out = w->e->out;
  if (w->first) {
    if (w->ep->json) bytes_append(out, "{", 1);
    bytes_append(out, t->text + 1, t->size - 1);
  } else
    bytes_append(out, t->text, t->size);
  w->first = false;
}

/* Writes the separator and the name of the next field. */
static void put_name(Walk *w, const char *wire) {
  Bytes *out = w->e->out;
  if (w->ep->json) {
    bytes_text(out, w->first ? "{" : ",");
    json_quote(out, wire, strlen(wire));
    bytes_text(out, ":");
  } else {
    if (!w->first) bytes_text(out, "&");
    percent_encode(out, wire, strlen(wire));
    bytes_text(out, "=");
  }
  w->first = false;
}

/* Writes a text. False when it is not UTF-8 (JSON only) or memory ran out. */
static bool put_text(Walk *w, const char *text, size_t size) {
  return w->ep->json ? json_quote(w->e->out, text, size) : percent_encode(w->e->out, text, size);
}

static void put_decimal(Walk *w, Decimal x) {
  char text[DECIMAL_TEXT_MAX];
  put_text(w, text, decimal_format(x, text));
}

/* Writes the value at 'index': a string, decimal, integer or boolean; in JSON also a table. */
static void put_value(Walk *w, int index, const char *name) {
  lua_State *L = w->L;
  Bytes *out = w->e->out;
  Decimal x;
  size_t size;
  int type = lua_type(L, index);
  if (type == LUA_TSTRING) {
    const char *text = lua_tolstring(L, index, &size);
    if (!put_text(w, text, size) && !out->failed)
      luaL_error(L, "%s: parameter '%s': not UTF-8", w->ep->method, name);
  } else if (type == LUA_TBOOLEAN) {
    bytes_text(out, lua_toboolean(L, index) ? "true" : "false");
  } else if (lua_isinteger(L, index)) {
    bytes_integer(out, lua_tointeger(L, index));
  } else if (decimal_test(L, index, &x)) {
    put_decimal(w, x);
  } else if (w->ep->json) {
    JsonWrite how = {.depth = JSON_DEPTH, .decimal_strings = true};
    if (!json_write(L, index, out, how))
      luaL_error(L, "%s: parameter '%s': %s", w->ep->method, name, lua_tostring(L, -1));
  } else
    luaL_error(L, "%s: parameter '%s': string, integer, boolean or decimal expected, got %s", w->ep->method,
               name, luaL_typename(L, index));
}

/* Writes the parameters that always go out. */
static void put_fixed(Walk *w) {
  for (int i = 0; i < w->ep->fixed_count; i++) {
    const Fixed *f = &w->ep->fixed[i];
    const char *value = f->value != NULL ? f->value : w->e->category;
    put_token(w, &f->token);
    put_text(w, value, strlen(value));
  }
}

/* Raises when 'extra' sets a field that the signature sets. */
static void check_reserved(const Walk *w, const char *key) {
  lua_State *L = w->L;
  if (w->ep->reserved_ref == 0) return;
  lua_rawgeti(L, w->anchors, w->ep->reserved_ref);
  if (lua_getfield(L, -1, key) != LUA_TNIL)
    luaL_error(L, "%s: 'extra' names '%s', which is set already", w->ep->method, key);
  lua_pop(L, 2);
}

/* May 'extra' use this name? Printable ASCII only: a zero byte would end the name early. */
static bool is_wire_name(const char *key, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (key[i] <= ' ' || key[i] > '~') return false;
  return size > 0;
}

/* Writes the caller's 'extra' fields, sorted by name. Raises when one is a declared parameter or set already. */
static void put_extra(Walk *w) {
  lua_State *L = w->L;
  lua_newtable(L);
  int keys = lua_gettop(L);
  lua_Integer count = 0;
  for (lua_pushnil(L); lua_next(L, w->extra) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      luaL_error(L, "%s: 'extra' has a key that is not a string", w->ep->method);
    size_t size;
    const char *key = lua_tolstring(L, -2, &size);
    if (!is_wire_name(key, size))
      luaL_error(L, "%s: 'extra' has a key that is not a field name: printable ASCII without spaces expected",
                 w->ep->method);
    for (int i = 0; i < w->ep->param_count; i++)
      if (w->ep->param[i].wire != NULL && strcmp(w->ep->param[i].wire, key) == 0)
        luaL_error(L, "%s: 'extra' names '%s', which is the parameter '%s'", w->ep->method, key,
                   w->ep->param[i].name);
    for (int i = 0; i < w->ep->fixed_count; i++)
      if (strcmp(w->ep->fixed[i].wire, key) == 0)
        luaL_error(L, "%s: 'extra' names '%s', which is set already", w->ep->method, key);
    check_reserved(w, key);
    lua_Integer at = ++count;
    for (; at > 1; at--) { /* insertion sort: there are few keys */
      lua_rawgeti(L, keys, at - 1);
      if (!lua_compare(L, lua_gettop(L) - 2, lua_gettop(L), LUA_OPLT)) {
        lua_pop(L, 1);
        break;
      }
      lua_rawseti(L, keys, at);
    }
    lua_pushvalue(L, -2);
    lua_rawseti(L, keys, at);
  }
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, keys, i);
    const char *key = lua_tostring(L, -1);
    put_name(w, key);
    lua_pushvalue(L, -1);
    lua_rawget(L, w->extra);
    put_value(w, lua_gettop(L), key);
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

/* Does the rule hold for the call's category? */
static bool holds(const Walk *w, const Rule *r) {
  return r->category == NULL || (w->e->category != NULL && strcmp(r->category, w->e->category) == 0);
}

/* What encoding and checking have in common: fills the slots, then applies requirements, rules and defaults. Rules come
** before defaults, so that they see only what the caller gave. */
static void start_walk(Walk *w, int ep, int params) {
  lua_State *L = w->L;
  luaL_checkstack(L, w->ep->param_count + 20, "too many parameters");
  if (!lua_istable(L, params))
    luaL_error(L, "%s: a table of parameters expected, got %s", w->ep->method, luaL_typename(L, params));
  lua_getiuservalue(L, ep, 1);
  w->anchors = lua_gettop(L);
  w->base = w->anchors;
  w->params = params;
  int top = walk_slot(w, w->ep->param_count - 1);
  lua_settop(L, top);
  read_params(w);
  if (w->ep->category >= 0 && walk_given(w, w->ep->category)) walk_value(w, w->ep->category);
  walk_missing(w);
  for (int i = 0; i < w->ep->rule_count; i++)
    if (holds(w, &w->ep->rule[i])) walk_rule(w, &w->ep->rule[i]);
  lua_settop(L, top);
  walk_defaults(w);
}

void schema_encode(lua_State *L, int ep, int params, Encoding *e) {
  int top = lua_gettop(L);
  Walk w = {.L = L, .ep = lua_touserdata(L, ep), .e = e, .first = true};
  start_walk(&w, lua_absindex(L, ep), lua_absindex(L, params));
  if (e->named != NULL) walk_named(&w);
  put_fixed(&w);
  e->own = e->out->size;
  for (uint64_t left = w.given; left != 0; left &= left - 1) {
    int i = walk_first(left);
    const Param *p = &w.ep->param[i];
    walk_value(&w, i);
    if (p->wire == NULL) continue;
    put_token(&w, &p->token);
    if (p->type == PARAM_DECIMAL)
      put_decimal(&w, w.number);
    else
      put_value(&w, walk_slot(&w, i), p->name);
  }
  if (w.extra != 0) put_extra(&w);
  if (w.ep->json) bytes_text(e->out, w.first ? "{}" : "}");
  if (e->out->failed) luaL_error(L, "not enough memory");
  lua_settop(L, top);
}

void schema_check(lua_State *L, int ep, int params, Encoding *e) {
  Walk w = {.L = L, .ep = lua_touserdata(L, ep), .e = e, .first = true};
  ep = lua_absindex(L, ep);
  params = lua_absindex(L, params);
  lua_createtable(L, 0, 8);
  w.table = lua_gettop(L);
  start_walk(&w, ep, params);
  for (uint64_t left = w.given; left != 0; left &= left - 1) {
    int i = walk_first(left);
    walk_value(&w, i);
    lua_rawgeti(L, w.anchors, i + 1);
    lua_pushvalue(L, walk_slot(&w, i));
    lua_rawset(L, w.table);
  }
  lua_settop(L, w.table);
}
