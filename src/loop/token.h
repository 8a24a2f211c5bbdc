/*
** Cancel tokens, the userdata "bybit.token". Cancelling a token reaches every call that was given it and every token
** below it; it cannot be undone. core.token([parent]) makes one.
*/
#ifndef BYBIT_TOKEN_H
#define BYBIT_TOKEN_H

#include <lua.h>
#include <stdbool.h>

#define TOKEN "bybit.token"

typedef struct Token Token;

/* A listener. Its user embeds it and calls token_unwatch before its memory is freed. */
typedef struct TokenWatch {
  Token *token;                                /* what it listens to; NULL: nothing */
  void (*cancelled)(struct TokenWatch *watch); /* called once, after it was unwatched; must not raise */
  struct TokenWatch *before, *after;           /* its neighbours in the token's list */
} TokenWatch;

/* Adds 'token' and 'token_methods' to the module table on top of the stack. */
void token_open(lua_State *L);
Token *token_test(lua_State *L, int index); /* NULL when the value at 'index' is no token; never raises */
bool token_cancelled(const Token *token);
void token_cancel(Token *token); /* calls all listeners, and cancels the tokens below */
/* Adds a listener. It is not called when the token was cancelled before: the caller asks token_cancelled first. */
void token_watch(Token *token, TokenWatch *watch, void (*cancelled)(TokenWatch *watch));
void token_unwatch(TokenWatch *watch); /* does nothing when it is not listening */

#endif
