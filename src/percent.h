/* Percent-encoding, RFC 3986: all but the unreserved characters. Knows no Lua. */
#ifndef BYBIT_PERCENT_H
#define BYBIT_PERCENT_H

#include "bytes.h"

bool percent_encode(Bytes *out, const char *text, size_t size);
/* The next byte that the encoded text from '*at' to 'end' means, and '*at' moved past it; -1 at the end. A '%' that
** no two hex digits follow means itself. */
int percent_next(const char **at, const char *end);

#endif
