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
    lua_rawgeti(L, w->anchors, i + 1);
    lua_pushboolean(L, 1);
    lua_rawset(L, names);
    if (p->also_ref == 0) continue;
    lua_rawgeti(L, w->anchors, p->also_ref);
    lua_pushboolean(L, 1);
    lua_rawset(L, names);
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
    if (p->also_ref == 0) continue;
    lua_rawgeti(L, w->anchors, p->also_ref);
    const char *also = lua_tostring(L, -1);
    lua_pushvalue(L, -1);
    bool both = lua_rawget(L, w->params) != LUA_TNIL;
    lua_rawgeti(L, w->anchors, i + 1);
    both = lua_rawget(L, w->params) != LUA_TNIL && both;
    if (both)
      return luaL_error(L, "%s: '%s' and '%s' are two names of one parameter: give one of them",
                        w->ep->method, p->name, also);
    lua_pop(L, 3);
  }
  return luaL_error(L, "%s: a parameter is given twice", w->ep->method);
}

/* Pushes the value of each parameter into its slot. The table is read raw, so no Lua code runs; a table with __index is
** refused, as its inherited fields would silently be missing. */
static void read_params(Walk *w) {
  lua_State *L = w->L;
  const Endpoint *ep = w->ep;
  int found = 0;
  for (int i = 0; i < ep->param_count; i++) {
    lua_rawgeti(L, w->anchors, i + 1);
    bool here = lua_rawget(L, w->params) != LUA_TNIL;
    if (ep->param[i].also_ref != 0) {
      lua_rawgeti(L, w->anchors, ep->param[i].also_ref);
      if (lua_rawget(L, w->params) != LUA_TNIL && !here) {
        lua_remove(L, -2);
        here = true;
      } else
        lua_pop(L, 1);
    }
    found += here;
    if (here && ep->param[i].option == OPTION_EXTRA) w->extra = walk_slot(w, i);
  }
  int keys = 0;
  for (lua_pushnil(L); lua_next(L, w->params) != 0; lua_pop(L, 1)) keys++;
  if (keys != found) unknown_parameter(w);
  if (luaL_getmetafield(L, w->params, "__index") != LUA_TNIL)
    luaL_error(
        L,
        "%s: a plain table expected: this one has a metatable with __index, whose fields would not be sent",
        ep->method);
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

/* Writes the value on top of the stack: a string, decimal, integer or boolean; in JSON also a table. */
static void put_value(Walk *w, const char *name) {
  lua_State *L = w->L;
  Decimal x;
  if (decimal_test(L, -1, &x)) {
    char text[DECIMAL_TEXT_MAX];
    put_text(w, text, decimal_format(x, text));
  } else if (lua_isinteger(L, -1)) {
    char text[32];
    lua_Integer n = lua_tointeger(L, -1);
    bytes_append(w->e->out, text, (size_t)lua_integer2str(text, sizeof text, n));
  } else if (lua_isboolean(L, -1)) {
    bytes_text(w->e->out, lua_toboolean(L, -1) ? "true" : "false");
  } else if (lua_type(L, -1) == LUA_TSTRING) {
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    if (!put_text(w, text, size) && !w->e->out->failed)
      luaL_error(L, "%s: parameter '%s': not UTF-8", w->ep->method, name);
  } else if (w->ep->json) {
    JsonWrite how = {.depth = JSON_DEPTH, .decimal_strings = true};
    if (!json_write(L, -1, w->e->out, how))
      luaL_error(L, "%s: parameter '%s': %s", w->ep->method, name, lua_tostring(L, -1));
  } else
    luaL_error(L, "%s: parameter '%s': string, integer, boolean or decimal expected, got %s", w->ep->method,
               name, luaL_typename(L, -1));
}

/* Writes the parameters that always go out. */
static void put_fixed(Walk *w) {
  for (int i = 0; i < w->ep->fixed_count; i++) {
    const Fixed *f = &w->ep->fixed[i];
    const char *value = f->value != NULL ? f->value : w->e->category;
    put_name(w, f->wire);
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
    put_value(w, key);
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

/* What encoding and checking have in common: fills the slots, then applies requirements, rules and defaults. Rules come
** before defaults, so that they see only what the caller gave. */
static void start_walk(Walk *w, int ep, int params) {
  lua_State *L = w->L;
  luaL_checkstack(L, SCHEMA_PARAMS + 20, "too many parameters");
  if (!lua_istable(L, params))
    luaL_error(L, "%s: a table of parameters expected, got %s", w->ep->method, luaL_typename(L, params));
  lua_getiuservalue(L, ep, 1);
  w->anchors = lua_gettop(L);
  w->base = w->anchors;
  w->params = params;
  read_params(w);
  lua_settop(L, walk_slot(w, w->ep->param_count - 1));
  walk_missing(w);
  for (int i = 0; i < w->ep->rule_count; i++) walk_rule(w, &w->ep->rule[i]);
  lua_settop(L, walk_slot(w, w->ep->param_count - 1));
  walk_defaults(w);
}

void schema_encode(lua_State *L, int ep, int params, Encoding *e) {
  int top = lua_gettop(L);
  Walk w = {.L = L, .ep = lua_touserdata(L, ep), .e = e, .first = true};
  start_walk(&w, lua_absindex(L, ep), lua_absindex(L, params));
  if (e->named != NULL) walk_named(&w);
  put_fixed(&w);
  for (int i = 0; i < w.ep->param_count; i++) {
    if (!walk_given(&w, i)) continue;
    walk_value(&w, i);
    const Param *p = &w.ep->param[i];
    if (p->wire == NULL) continue;
    put_name(&w, p->wire);
    lua_pushvalue(L, walk_slot(&w, i));
    put_value(&w, p->name);
    lua_pop(L, 1);
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
  for (int i = 0; i < w.ep->param_count; i++) {
    if (!walk_given(&w, i)) continue;
    walk_value(&w, i);
    lua_rawgeti(L, w.anchors, i + 1);
    lua_pushvalue(L, walk_slot(&w, i));
    lua_rawset(L, w.table);
  }
  lua_settop(L, w.table);
}
