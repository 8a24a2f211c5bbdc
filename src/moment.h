/* Moments as texts, to milliseconds since 1970. Knows no Lua; decimal arithmetic only, no double in between. */
#ifndef BYBIT_MOMENT_H
#define BYBIT_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ISO 8601: "2026-01-31", "2026-01-31T12:00:00.123456789Z", with up to 9 digits of a fraction, cut to milliseconds, and
** 'Z', an offset such as +01:00, or nothing (UTC). */
bool moment_iso(const char *text, size_t size, int64_t *ms);
/* Seconds since 1970, a JSON number such as 1655711524.37661; cut to milliseconds. */
bool moment_seconds(const char *text, size_t size, int64_t *ms);

#endif
