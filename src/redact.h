/*
** Strikes secrets out of text that came from outside: the exchange's own messages echo the key (V5 documentation,
** error 10004), a proxy or a gateway may echo a whole request. Knows what a secret looks like when it is echoed in
** JSON or in a URL too.
*/
#ifndef BYBIT_REDACT_H
#define BYBIT_REDACT_H

#include <lua.h>
#include <stddef.h>

/* Pushes 'text' with every copy of each of the 'count' secrets (NULL: none) replaced by "***", and what the exchange
** says that it signed, or expected for a signature (error 10004: "origin_string[...]", "sign_string[...]"). */
void redact_push(lua_State *L, const char *text, size_t size, const char *const secrets[], size_t count);

#endif
