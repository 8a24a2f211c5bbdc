/*
** What a URL says of where it leads, as libcurl reads it: the one that connects decides what a host is.
*/
#ifndef BYBIT_URL_H
#define BYBIT_URL_H

#include <stdbool.h>

/* The address of an exchange. */
typedef struct Url {
  char *text; /* in one spelling: small letters, no default port, no closing slash or dot */
  char *host; /* as in 'text', without brackets */
  bool https;
  bool local; /* it reaches this machine only */
} Url;

extern const char url_no_memory[]; /* the 'why' of a lack of memory */

/* Reads an address of http or https, without user, query or fragment. False with '*why' (static text). */
bool url_read(const char *text, Url *out, const char **why);
void url_free(Url *url); /* may be called twice */

/* Does it reach this machine only? False also of what is no URL. */
bool url_is_local(const char *text);

/* The URL from its path on, inside 'url', for libcurl to send unchanged: so what was signed is what is sent. Otherwise
** libcurl puts the target together from parts, and leaves out the query when memory is short. NULL when libcurl must
** choose the target: an unencrypted request may go through a proxy, which needs the whole URL. */
const char *url_target(const char *url, bool local);

#endif
