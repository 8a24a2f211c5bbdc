/*
** Moments from text to milliseconds since 1970. Knows no Lua. It computes with integers and decimals; no double is
** involved, so no digit is lost. Both functions return false when the text is no moment; '*ms' then means nothing.
*/
#ifndef BYBIT_MOMENT_H
#define BYBIT_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ISO 8601: "2026-01-31" or "2026-01-31T12:00:00.123456789Z". The fraction has up to 9 digits. 'Z', an offset such as
** +01:00, or nothing may follow; nothing means UTC. */
bool moment_iso(const char *text, size_t size, int64_t *ms);
/* Seconds since 1970 as a JSON number, such as 1655711524.37661. */
bool moment_seconds(const char *text, size_t size, int64_t *ms);

#endif
