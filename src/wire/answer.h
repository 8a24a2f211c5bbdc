/*
** What the exchange's answers look like on its wires, besides what the declarations say: headers, and the sign of a success.
** Knows no Lua.
*/
#ifndef BYBIT_WIRE_ANSWER_H
#define BYBIT_WIRE_ANSWER_H

#include "value/bytes.h"
#include <stdbool.h>

/* The limit of the rate group that the header lines tell, and how much of it is left, in requests; -1: they do not tell. */
void answer_limits(const Bytes *lines, int *limit, int *left);
/* Is the body a whole answer of the exchange with the code 0, on either wire? */
bool answer_is_success(const Bytes *body);
/* Does the page of a 403 say that the caller's country is the reason? */
bool answer_bars_country(const Bytes *page);
/* Is the caller's address shut out for its rate, by a 403 with this page? Not where the country is the reason, nor where the
** exchange refuses this call by a code of its own, without a word of a rate. */
bool answer_shuts_out(const Bytes *page);

#endif
