/*
** What binds the parameters of a call together: either-or pairs, what goes together, what follows from what,
** defaults and requirements.
*/
#include "schema_walk.h"

#include "decimal_lua.h"

#include <lauxlib.h>
#include <string.h>

/* Pushes "'a' or 'b' or 'c'". */
static const char *names_of(const Walk *w, const Rule *r, const char *between) {
  luaL_Buffer b;
  luaL_buffinit(w->L, &b);
  for (int i = 0; i < r->count; i++) {
    if (i > 0) luaL_addstring(&b, between);
    luaL_addchar(&b, '\'');
    luaL_addstring(&b, w->ep->param[r->param[i]].name);
    luaL_addchar(&b, '\'');
  }
  luaL_pushresult(&b);
  return lua_tostring(w->L, -1);
}

static Decimal decimal_at(const Walk *w, int i) {
  Decimal x;
  if (!decimal_exact(w->L, walk_slot(w, i), &x)) walk_wrong(w, i, "a decimal");
  return x;
}

static void rule_direction(const Walk *w, const Rule *r) {
  lua_State *L = w->L;
  int trigger = r->param[0], base = r->param[1], direction = r->param[2];
  if (!walk_given(w, trigger)) return;
  if (!walk_given(w, base)) {
    if (!walk_given(w, direction))
      luaL_error(
          L,
          "%s: 'base_price' or 'trigger_direction' is needed: from which side is the trigger price reached?",
          w->ep->method);
    return;
  }
  int order = decimal_compare(decimal_at(w, trigger), decimal_at(w, base));
  if (order == 0)
    luaL_error(L, "%s: 'trigger_price' and 'base_price' are both %s: one must be above the other",
               w->ep->method, walk_shown(L, walk_slot(w, base)));
  const char *derived = order > 0 ? "Rising" : "Falling";
  if (walk_given(w, direction) && strcmp(luaL_tolstring(L, walk_slot(w, direction), NULL), derived) != 0)
    luaL_error(
        L, "%s: 'trigger_direction' is %s, but a trigger price of %s is reached from a base price of %s %s",
        w->ep->method, walk_shown(L, walk_slot(w, direction)), walk_shown(L, walk_slot(w, trigger)),
        walk_shown(L, walk_slot(w, base)), order > 0 ? "rising" : "falling");
  lua_pushstring(L, derived);
  lua_replace(L, walk_slot(w, direction));
}

static void rule_mode(const Walk *w, const Rule *r) {
  lua_State *L = w->L;
  bool partial = false;
  for (int i = 1; i < r->count; i++) partial = partial || walk_given(w, r->param[i]);
  int mode = r->param[0];
  if (!walk_given(w, mode)) {
    lua_pushstring(L, partial ? "Partial" : "Full");
    lua_replace(L, walk_slot(w, mode));
  } else if (partial && strcmp(luaL_tolstring(L, walk_slot(w, mode), NULL), "Full") == 0)
    luaL_error(L, "%s: '%s' = 'Full' covers the whole position and takes no quantity: use 'Partial'",
               w->ep->method, w->ep->param[mode].name);
}

void walk_rule(const Walk *w, const Rule *r) {
  lua_State *L = w->L;
  int count = 0;
  for (int i = 0; i < r->count; i++) count += walk_given(w, r->param[i]);
  switch (r->kind) {
  case RULE_ONE_OF:
    if (count == 1) return;
    luaL_error(L, "%s: exactly one of %s is needed, got %s", w->ep->method, names_of(w, r, ", "),
               count == 0 ? "none" : "more");
    return;
  case RULE_ANY_OF:
    if (count == 0)
      luaL_error(L, "%s: nothing to do: give at least one of %s", w->ep->method, names_of(w, r, ", "));
    return;
  case RULE_TOGETHER:
    if (count != 0 && count != r->count)
      luaL_error(L, "%s: %s go together: give all or none", w->ep->method, names_of(w, r, " and "));
    return;
  case RULE_EXCLUDES:
    if (count > 1) luaL_error(L, "%s: %s exclude each other", w->ep->method, names_of(w, r, " and "));
    return;
  case RULE_EQUAL:
    if (count == 2 && decimal_compare(decimal_at(w, r->param[0]), decimal_at(w, r->param[1])) != 0)
      luaL_error(L, "%s: %s must be equal when both are given, got %s and %s", w->ep->method,
                 names_of(w, r, " and "), walk_shown(L, walk_slot(w, r->param[0])),
                 walk_shown(L, walk_slot(w, r->param[1])));
    return;
  case RULE_DIRECTION: rule_direction(w, r); return;
  case RULE_MODE: rule_mode(w, r); return;
  }
}

void walk_defaults(const Walk *w) {
  lua_State *L = w->L;
  for (int i = 0; i < w->ep->param_count; i++) {
    const Param *p = &w->ep->param[i];
    if (walk_given(w, i)) continue;
    if (p->by_param >= 0 && walk_given(w, p->by_param)) {
      lua_rawgeti(L, w->anchors, p->by_ref);
      lua_pushvalue(L, walk_slot(w, p->by_param));
      lua_rawget(L, -2);
      lua_replace(L, walk_slot(w, i));
      lua_pop(L, 1);
    } else if (p->default_ref != 0) {
      lua_rawgeti(L, w->anchors, p->default_ref);
      lua_replace(L, walk_slot(w, i));
    } else if (p->generate && w->e->made_id != NULL && w->table == 0) {
      lua_pushstring(L, w->e->made_id);
      lua_replace(L, walk_slot(w, i));
      w->e->used_made_id = true;
    }
  }
}

void walk_required(const Walk *w) {
  lua_State *L = w->L;
  for (int i = 0; i < w->ep->param_count; i++) {
    const Param *p = &w->ep->param[i];
    if (walk_given(w, i)) continue;
    if (p->required && p->why_ref != 0) {
      lua_rawgeti(L, w->anchors, p->why_ref);
      luaL_error(L, "%s: parameter '%s' is missing: %s", w->ep->method, p->name, lua_tostring(L, -1));
    }
    if (p->required) luaL_error(L, "%s: parameter '%s' is missing", w->ep->method, p->name);
    if (p->when_param < 0 || !walk_given(w, p->when_param)) continue;
    if (p->unless_param >= 0 && walk_given(w, p->unless_param)) continue;
    lua_rawgeti(L, w->anchors, p->when_ref);
    bool needed = lua_rawequal(L, -1, walk_slot(w, p->when_param));
    if (needed)
      luaL_error(L, "%s: parameter '%s' is missing: %s = %s needs it", w->ep->method, p->name,
                 w->ep->param[p->when_param].name, walk_shown(L, -1));
    lua_pop(L, 1);
  }
}

void walk_wanted(const Walk *w) {
  lua_State *L = w->L;
  for (int i = 0; i < w->ep->param_count; i++) {
    if (walk_given(w, i)) continue;
    lua_rawgeti(L, w->anchors, i + 1);
    if (lua_rawget(L, w->e->required) != LUA_TNIL)
      luaL_error(L, "%s: parameter '%s' is missing: this client requires it", w->ep->method,
                 w->ep->param[i].name);
    lua_pop(L, 1);
  }
}
