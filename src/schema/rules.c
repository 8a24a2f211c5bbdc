/*
** What binds the parameters of a call together: which exclude each other, which go together, which follow from others;
** defaults and requirements.
*/
#include "walk.h"

#include "value/decimal_lua.h"

#include <lauxlib.h>
#include <string.h>

/* Pushes the quoted names of the rule's parameters, with 'between' between them, and returns the text. */
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

/* The value of parameter 'i' as a decimal; raises when it is none. Rules run before values are checked. */
static Decimal decimal_at(const Walk *w, int i) {
  Decimal x;
  if (!decimal_exact(w->L, walk_slot(w, i), &x)) walk_wrong(w, i, "a decimal");
  return x;
}

/* RULE_DIRECTION: sets trigger_direction from the two prices, or checks that it fits them. */
static void rule_direction(Walk *w, const Rule *r) {
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
  walk_fill(w, direction);
}

/* RULE_MODE: sets the mode, or refuses 'Full' with a quantity. */
static void rule_mode(Walk *w, const Rule *r) {
  lua_State *L = w->L;
  bool partial = false;
  for (int i = 1; i < r->count; i++) partial = partial || walk_given(w, r->param[i]);
  int mode = r->param[0];
  if (!walk_given(w, mode)) {
    lua_pushstring(L, partial ? "Partial" : "Full");
    walk_fill(w, mode);
  } else if (partial && strcmp(luaL_tolstring(L, walk_slot(w, mode), NULL), "Full") == 0)
    luaL_error(L, "%s: '%s' = 'Full' covers the whole position and takes no quantity: use 'Partial'",
               w->ep->method, w->ep->param[mode].name);
}

/* RULE_CLOSES: in hedge mode a Sell of the long side and a Buy of the short side close, and do nothing else. */
static void rule_closes(const Walk *w, const Rule *r) {
  lua_State *L = w->L;
  if (!walk_given(w, r->param[1])) return;
  int side = walk_slot(w, r->param[0]);
  lua_Integer mode = lua_tointeger(L, walk_slot(w, r->param[1]));
  const char *closing = mode == 1 ? "Sell" : mode == 2 ? "Buy" : NULL;
  if (closing != NULL && lua_type(L, side) == LUA_TSTRING && strcmp(lua_tostring(L, side), closing) == 0)
    w->e->reduces = true;
}

/* How many of the rule's parameters are given. */
static int count_given(const Walk *w, const Rule *r) {
  int count = 0;
  for (uint64_t left = w->given & r->set; left != 0; left &= left - 1) count++;
  return count;
}

void walk_rule(Walk *w, const Rule *r) {
  lua_State *L = w->L;
  int count = count_given(w, r);
  switch (r->kind) {
  case RULE_ONE_OF:
    if (count == 1) return;
    luaL_error(L, "%s: exactly one of %s is needed, got %s", w->ep->method, names_of(w, r, ", "),
               count == 0 ? "none" : "more");
    return;
  case RULE_ANY_OF:
    if (count == 0 && r->category != NULL)
      luaL_error(L, "%s: for %s contracts one of %s is needed", w->ep->method, r->category,
                 names_of(w, r, ", "));
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
  case RULE_CLOSES: rule_closes(w, r); return;
  }
}

void walk_defaults(Walk *w) {
  lua_State *L = w->L;
  for (uint64_t left = w->ep->defaults & ~w->given; left != 0; left &= left - 1) {
    int i = walk_first(left);
    const Param *p = &w->ep->param[i];
    if (p->by_param >= 0 && walk_given(w, p->by_param)) {
      lua_rawgeti(L, w->anchors, p->by_ref);
      lua_pushvalue(L, walk_slot(w, p->by_param));
      lua_rawget(L, -2);
      walk_fill(w, i);
      lua_pop(L, 1);
    } else if (p->default_ref != 0) {
      lua_rawgeti(L, w->anchors, p->default_ref);
      walk_fill(w, i);
    } else if (p->generate && w->e->made_id != NULL && w->table == 0) {
      lua_pushstring(L, w->e->made_id);
      walk_fill(w, i);
      w->e->used_made_id = true;
    }
  }
}

/* Is parameter 'i' needed beside the value of another one? Pushes the reason if so. */
static bool needed_beside(const Walk *w, const Param *p) {
  lua_State *L = w->L;
  if (p->when_param < 0 || !walk_given(w, p->when_param)) return false;
  if (p->unless_param >= 0 && walk_given(w, p->unless_param)) return false;
  lua_rawgeti(L, w->anchors, p->when_ref);
  bool needed = lua_rawequal(L, -1, walk_slot(w, p->when_param));
  if (needed) lua_pushfstring(L, "%s = %s needs it", w->ep->param[p->when_param].name, walk_shown(L, -1));
  return needed;
}

/* Does this client require parameter 'i'? */
static bool wanted(const Walk *w, int i) {
  lua_State *L = w->L;
  if (w->e->required == 0) return false;
  lua_rawgeti(L, w->anchors, i + 1);
  return lua_rawget(L, w->e->required) != LUA_TNIL;
}

/* Is parameter 'i' missing? Leaves a string on top if so: the reason why it is needed, "" where that is plain. */
static bool missing(const Walk *w, int i) {
  lua_State *L = w->L;
  const Param *p = &w->ep->param[i];
  if (walk_given(w, i)) return false;
  if (p->required && p->why_ref != 0) {
    lua_rawgeti(L, w->anchors, p->why_ref);
    return true;
  }
  if (p->required) {
    lua_pushliteral(L, "");
    return true;
  }
  if (needed_beside(w, p)) return true;
  if (!wanted(w, i)) return false;
  lua_pushliteral(L, "this client requires it");
  return true;
}

/* Adds to the text on top of the stack what the rules want one of, where none is given. */
static void add_choices(const Walk *w) {
  lua_State *L = w->L;
  for (int k = 0; k < w->ep->rule_count; k++) {
    const Rule *r = &w->ep->rule[k];
    if (r->kind != RULE_ONE_OF || count_given(w, r) != 0) continue;
    lua_pushliteral(L, "; exactly one of ");
    names_of(w, r, ", ");
    lua_pushliteral(L, " is needed");
    lua_concat(L, 4);
  }
}

/* Pushes what to say of the one parameter that is missing. */
static void push_one(const Walk *w, int i) {
  lua_State *L = w->L;
  missing(w, i);
  const char *reason = lua_tostring(L, -1);
  lua_pushfstring(L, reason[0] == '\0' ? "parameter '%s' is missing" : "parameter '%s' is missing: %s",
                  w->ep->param[i].name, reason);
}

/* May parameters be missing? Else the search for them need not begin. */
static bool may_miss(const Walk *w) {
  if ((w->ep->required & ~w->given) != 0 || w->e->required != 0) return true;
  bool needed = false;
  int top = lua_gettop(w->L);
  for (uint64_t left = w->ep->beside & ~w->given; left != 0 && !needed; left &= left - 1) {
    needed = needed_beside(w, &w->ep->param[walk_first(left)]);
    lua_settop(w->L, top);
  }
  return needed;
}

void walk_missing(const Walk *w) {
  lua_State *L = w->L;
  if (!may_miss(w)) return;
  int text = lua_gettop(L) + 1, count = 0, last = 0;
  lua_pushliteral(L, "");
  for (int i = 0; i < w->ep->param_count; i++) {
    if (missing(w, i)) {
      const char *reason = lua_tostring(L, -1);
      lua_pushfstring(L, reason[0] == '\0' ? "%s%s'%s'" : "%s%s'%s' (%s)", lua_tostring(L, text),
                      count++ == 0 ? "" : ", ", w->ep->param[i].name, reason);
      lua_replace(L, text);
      last = i;
    }
    lua_settop(L, text);
  }
  if (count == 1)
    push_one(w, last);
  else if (count > 1)
    lua_pushfstring(L, "parameters are missing: %s", lua_tostring(L, text));
  if (count > 0) {
    add_choices(w);
    luaL_error(L, "%s: %s", w->ep->method, lua_tostring(L, -1));
  }
  lua_settop(L, text - 1);
}
