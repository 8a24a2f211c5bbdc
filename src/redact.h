/*
** Strikes secrets out of text that came from outside, in place: the exchange's own messages echo the key (V5
** documentation, error 10004), a proxy or a gateway may echo a whole request. It is done before any of the text becomes a
** Lua string, since what Lua once held a debug hook can see. Knows no Lua.
*/
#ifndef BYBIT_REDACT_H
#define BYBIT_REDACT_H

#include <stddef.h>

/* Replaces every copy of each of the 'count' secrets (NULL: none) by "***", also in capitals and where JSON, a URL or
** HTML writes characters otherwise, and what the exchange says that it signed or expected ("origin_string[...]",
** "sign_string[...]"). Returns the new size, which is not larger; the text is not closed by a zero. */
size_t redact(char *text, size_t size, const char *const secrets[], size_t count);

#endif
