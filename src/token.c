/*
** Cancel tokens, see token.h. A token keeps its parent alive, never the other way round.
*/
#include "token.h"
#include "loop.h"

#include <lauxlib.h>

#define WAIT "bybit.token.wait"

struct Token { /* user value 1: the parent */
  bool cancelled;
  TokenWatch *watches;
  TokenWatch above; /* in the parent's list */
};

/* A number of the loop that is woken when the token is cancelled. */
typedef struct TokenWait { /* user value 1: the token */
  TokenWatch watch;        /* first */
  Loop *loop;
  int64_t wait;
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

void token_cancel(Token *token) {
  token->cancelled = true;
  while (token->watches != NULL) {
    TokenWatch *watch = token->watches;
    token_unwatch(watch);
    watch->cancelled(watch);
  }
}

static void on_parent(TokenWatch *watch) {
  token_cancel((Token *)((char *)watch - offsetof(Token, above)));
}

/* token([parent]) */
static int token_new(lua_State *L) {
  Token *parent = NULL;
  if (!lua_isnoneornil(L, 1)) parent = luaL_checkudata(L, 1, TOKEN);
  lua_settop(L, 1);
  Token *token = lua_newuserdatauv(L, sizeof *token, 1);
  *token = (Token){0};
  luaL_setmetatable(L, TOKEN);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  if (parent != NULL && parent->cancelled)
    token->cancelled = true;
  else if (parent != NULL)
    token_watch(parent, &token->above, on_parent);
  return 1;
}

/* Whoever still watches keeps the token alive; at the end of the state everything goes, in any order. */
static int token_gc(lua_State *L) {
  Token *token = luaL_checkudata(L, 1, TOKEN);
  token_unwatch(&token->above);
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

/* token:on(number) -> a watch that wakes the number of the loop when the token is cancelled, until it is closed */
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

static int wait_close(lua_State *L) {
  TokenWait *w = luaL_checkudata(L, 1, WAIT);
  token_unwatch(&w->watch);
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
  lua_setfield(L, -3, "token_methods"); /* the Lua layer adds to them */
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
