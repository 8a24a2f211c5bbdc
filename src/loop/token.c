/*
** Cancel tokens, see token.h. A token keeps its parents alive; parents do not keep the tokens below alive.
*/
#include "token.h"
#include "loop.h"

#include <lauxlib.h>

#define WAIT "bybit.token.wait"

enum { PARENTS = 2 }; /* the most of one token */

/* A token's link to one of its parents. */
typedef struct Above {
  TokenWatch watch; /* in the parent's list; the first member, as on_parent casts it back */
  Token *below;     /* the token itself */
} Above;

struct Token { /* its user values are the parents */
  bool cancelled;
  TokenWatch *watches;  /* the list of listeners, the newest first */
  Above above[PARENTS]; /* unused where there are fewer parents */
};

/* Wakes a wait number of the loop when the token is cancelled. */
typedef struct TokenWait { /* user value 1: the token */
  TokenWatch watch;        /* the first member, as on_wait casts it back */
  Loop *loop;              /* of this Lua state */
  int64_t wait;            /* the number; 0: it was woken or dropped */
} TokenWait;

Token *token_test(lua_State *L, int index) {
  return luaL_testudata(L, index, TOKEN);
}

bool token_cancelled(const Token *token) {
  return token->cancelled;
}

void token_watch(Token *token, TokenWatch *watch, void (*cancelled)(TokenWatch *watch)) {
  watch->token = token;
  watch->cancelled = cancelled;
  watch->before = NULL;
  watch->after = token->watches;
  if (watch->after != NULL) watch->after->before = watch;
  token->watches = watch;
}

void token_unwatch(TokenWatch *watch) {
  if (watch->token == NULL) return;
  if (watch->before == NULL)
    watch->token->watches = watch->after;
  else
    watch->before->after = watch->after;
  if (watch->after != NULL) watch->after->before = watch->before;
  watch->token = NULL;
  watch->before = watch->after = NULL;
}

/* Each listener is taken off the list before it is called, so it may unwatch others. */
void token_cancel(Token *token) {
  token->cancelled = true;
  while (token->watches != NULL) {
    TokenWatch *watch = token->watches;
    token_unwatch(watch);
    watch->cancelled(watch);
  }
}

static void on_parent(TokenWatch *watch) {
  token_cancel(((Above *)watch)->below);
}

/* token([parent [, parent]]) -> a token that is cancelled with each of its parents */
static int token_new(lua_State *L) {
  Token *parents[PARENTS] = {NULL};
  lua_settop(L, PARENTS);
  for (int i = 0; i < PARENTS; i++)
    if (!lua_isnil(L, i + 1)) parents[i] = luaL_checkudata(L, i + 1, TOKEN);
  Token *token = lua_newuserdatauv(L, sizeof *token, PARENTS);
  *token = (Token){0};
  luaL_setmetatable(L, TOKEN);
  for (int i = 0; i < PARENTS; i++) {
    lua_pushvalue(L, i + 1);
    lua_setiuservalue(L, -2, i + 1);
    token->above[i].below = token;
    if (parents[i] == NULL) continue;
    token->cancelled = token->cancelled || parents[i]->cancelled;
    token_watch(parents[i], &token->above[i].watch, on_parent);
  }
  return 1;
}

/* A listener normally keeps the token alive, so there is none left here. At the end of the Lua state tokens and
** listeners are freed in any order, so those that are left are unlinked. */
static int token_gc(lua_State *L) {
  Token *token = luaL_checkudata(L, 1, TOKEN);
  for (int i = 0; i < PARENTS; i++) token_unwatch(&token->above[i].watch);
  while (token->watches != NULL) token_unwatch(token->watches);
  return 0;
}

static int l_cancel(lua_State *L) {
  token_cancel(luaL_checkudata(L, 1, TOKEN));
  return 0;
}

static int l_cancelled(lua_State *L) {
  Token *token = luaL_checkudata(L, 1, TOKEN);
  lua_pushboolean(L, token->cancelled);
  return 1;
}

static int token_tostring(lua_State *L) {
  Token *token = luaL_checkudata(L, 1, TOKEN);
  lua_pushstring(L, token->cancelled ? "cancel token (cancelled)" : "cancel token");
  return 1;
}

static void on_wait(TokenWatch *watch) {
  TokenWait *w = (TokenWait *)watch;
  loop_wake(w->loop, w->wait);
  w->wait = 0;
}

/* token:on(number) -> a watch that wakes the wait number when the token is cancelled; at once when it is cancelled
** already. The watch takes over the number: closing it drops the number, unless it was woken. */
static int l_on(lua_State *L) {
  Token *token = luaL_checkudata(L, 1, TOKEN);
  lua_Integer wait = luaL_checkinteger(L, 2);
  TokenWait *w = lua_newuserdatauv(L, sizeof *w, 1);
  *w = (TokenWait){.loop = loop_get(L), .wait = wait};
  luaL_setmetatable(L, WAIT);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  if (token->cancelled)
    on_wait(&w->watch);
  else
    token_watch(token, &w->watch, on_wait);
  return 1;
}

/* __close and __gc of what token:on returns. May run twice. */
static int wait_close(lua_State *L) {
  TokenWait *w = luaL_checkudata(L, 1, WAIT);
  token_unwatch(&w->watch);
  loop_wait_drop(w->loop, w->wait);
  w->wait = 0;
  return 0;
}

void token_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"cancel", l_cancel}, {"cancelled", l_cancelled}, {"on", l_on}, {NULL, NULL}};
  luaL_newmetatable(L, TOKEN);
  lua_pushcfunction(L, token_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, token_tostring);
  lua_setfield(L, -2, "__tostring");
  luaL_newlib(L, methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__index");
  lua_setfield(L, -3, "token_methods"); /* the Lua layer adds methods to this table */
  lua_pop(L, 1);
  luaL_newmetatable(L, WAIT);
  lua_pushcfunction(L, wait_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, wait_close);
  lua_setfield(L, -2, "__close");
  lua_pop(L, 1);
  lua_pushcfunction(L, token_new);
  lua_setfield(L, -2, "token");
}
