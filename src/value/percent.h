/* Percent-encoding (RFC 3986). Knows no Lua. */
#ifndef BYBIT_PERCENT_H
#define BYBIT_PERCENT_H

#include "bytes.h"

/* Appends 'text', with every byte escaped except the unreserved A-Z a-z 0-9 - _ . ~. False when memory ran out. */
bool percent_encode(Bytes *out, const char *text, size_t size);
/* Decodes the next byte of the encoded text from '*at' to 'end', moves '*at' past it and returns it; -1 at the end. A
** '%' without two hex digits behind it stands for itself. */
int percent_next(const char **at, const char *end);

#endif
