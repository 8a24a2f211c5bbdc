/* Which fault strikes a request, or a frame of a stream: the rules of lua/bybit/paper/faults.lua, gone through in one pass. */
#include "parts.h"
#include "value/random.h"
#include "value/random_lua.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

typedef struct Rule {
  const char *verb; /* NULL: of any verb; the texts belong to the rule's table */
  const char *place;
  size_t size;        /* of 'place' */
  double probability; /* negative: it strikes each time */
  double left;        /* how often it strikes at most */
  lua_Integer seen;   /* requests that it was about */
  bool has_nth;       /* it strikes only those of them that its table names */
} Rule;

typedef struct Rules {
  Random *random;
  char ending; /* a place that ends so means all that begin so */
  lua_Integer count;
  Rule rule[];
} Rules;

/* The upvalues of the function, and what it is called with. */
enum { SELF = 1, LIST, RANDOM, CALL_VERB = 1, CALL_PLACE };

static const char *text_field(lua_State *L, const char *name, size_t *size) {
  lua_getfield(L, -1, name);
  const char *text = lua_tolstring(L, -1, size);
  lua_pop(L, 1);
  return text;
}

static double number_field(lua_State *L, const char *name, double otherwise) {
  double x = lua_getfield(L, -1, name) == LUA_TNUMBER ? lua_tonumber(L, -1) : otherwise;
  lua_pop(L, 1);
  return x;
}

/* The rule whose table is on top of the stack. */
static Rule read_rule(lua_State *L) {
  Rule r = {0};
  size_t size;
  r.verb = text_field(L, "verb", &size);
  r.place = text_field(L, "place", &r.size);
  r.probability = number_field(L, "probability", -1);
  r.left = number_field(L, "left", 0);
  r.has_nth = lua_getfield(L, -1, "nth") == LUA_TTABLE;
  lua_pop(L, 1);
  return r;
}

static bool is_about(const Rules *rules, const Rule *r, const char *verb, const char *place, size_t size) {
  if (r->verb != NULL && (verb == NULL || strcmp(r->verb, verb) != 0)) return false;
  if (r->place == NULL) return true;
  bool begins = r->size > 0 && r->place[r->size - 1] == rules->ending;
  return (size == r->size || (begins && size > r->size)) && memcmp(place, r->place, r->size) == 0;
}

/* Is the request that it was about last one of those that its table names? */
static bool is_named(lua_State *L, lua_Integer place, lua_Integer seen) {
  lua_rawgeti(L, lua_upvalueindex(LIST), place);
  lua_getfield(L, -1, "nth");
  lua_rawgeti(L, -1, seen);
  bool named = lua_toboolean(L, -1);
  lua_pop(L, 3);
  return named;
}

/* Whether a rule strikes what it is about. */
static bool strikes(lua_State *L, Rules *rules, lua_Integer place) {
  Rule *r = &rules->rule[place - 1];
  double x;
  r->seen++;
  if (r->left <= 0 || (r->has_nth && !is_named(L, place, r->seen))) return false;
  if (r->probability >= 0) {
    if (!random_unit(rules->random, &x)) return luaL_error(L, "the system gives no random bytes");
    if (x >= r->probability) return false;
  }
  r->left--;
  return true;
}

static int strike(lua_State *L) {
  size_t size;
  Rules *rules = lua_touserdata(L, lua_upvalueindex(SELF));
  const char *verb = luaL_optstring(L, CALL_VERB, NULL), *place = luaL_checklstring(L, CALL_PLACE, &size);
  lua_Integer first = 0;
  for (lua_Integer i = 1; i <= rules->count; i++)
    if (is_about(rules, &rules->rule[i - 1], verb, place, size) && strikes(L, rules, i) && first == 0)
      first = i;
  if (first == 0) return 0;
  lua_rawgeti(L, lua_upvalueindex(LIST), first);
  return 1;
}

int engine_rules(lua_State *L) {
  enum { GIVEN = 1, CHANCE, ENDING };
  luaL_checktype(L, GIVEN, LUA_TTABLE);
  Random *random = luaL_checkudata(L, CHANCE, RANDOM_NAME);
  const char *ending = luaL_checkstring(L, ENDING);
  size_t count = (size_t)lua_rawlen(L, GIVEN);
  Rules *rules = lua_newuserdatauv(L, sizeof *rules + count * sizeof *rules->rule, 0);
  *rules = (Rules){.random = random, .ending = *ending, .count = (lua_Integer)count};
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, GIVEN, (lua_Integer)i + 1);
    rules->rule[i] = read_rule(L);
    lua_pop(L, 1);
  }
  lua_pushvalue(L, GIVEN);
  lua_pushvalue(L, CHANCE);
  lua_pushcclosure(L, strike, RANDOM);
  return 1;
}
