/*
** Cancel tokens: a word that is said once, to every call that holds the token and to every token below it. The
** userdata "bybit.token"; core.token(parent) makes one.
*/
#ifndef BYBIT_TOKEN_H
#define BYBIT_TOKEN_H

#include <lua.h>
#include <stdbool.h>

#define TOKEN "bybit.token"

typedef struct Token Token;

/* Embedded in whoever wants to hear; unwatched before its memory goes. */
typedef struct TokenWatch {
  Token *token;                                /* NULL: not watching */
  void (*cancelled)(struct TokenWatch *watch); /* unwatched already when it is called; must not raise */
  struct TokenWatch *before, *after;
} TokenWatch;

void token_open(lua_State *L);
Token *token_test(lua_State *L, int index); /* NULL: no token */
bool token_cancelled(const Token *token);
void token_cancel(Token *token);
void token_watch(Token *token, TokenWatch *watch, void (*cancelled)(TokenWatch *watch));
void token_unwatch(TokenWatch *watch); /* harmless when not watching */

#endif
