/*
** What a URL says of where it leads.
*/
#ifndef BYBIT_URL_H
#define BYBIT_URL_H

#include <stdbool.h>

/* Does it reach this machine only? */
bool url_is_loopback(const char *url);
/* The URL from its path on: libcurl sends it as it is, else it would put it together again from its parts, and leave
** out the query where memory is short. What was signed is what is sent. NULL: through a proxy in clear, where the
** target is the whole URL. */
const char *url_target(const char *url);

#endif
