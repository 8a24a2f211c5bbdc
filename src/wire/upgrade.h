/*
** The upgrade of a connection from HTTP to WebSocket (RFC 6455, section 4): the request's text, and the judgement of the
** answer. Bytes in, a verdict out: it knows no connection and no Lua.
*/
#ifndef BYBIT_UPGRADE_H
#define BYBIT_UPGRADE_H

#include "value/bytes.h"
#include "value/random.h"

enum { UPGRADE_HEAD_MAX = 16 * 1024 }; /* bytes of the answer's status line and headers */

typedef struct Upgrade {
  char accept[32]; /* what the answer has to show, made from the random key of the request */
} Upgrade;

typedef enum UpgradeVerdict {
  UPGRADE_MORE,    /* the headers are not complete yet */
  UPGRADE_DONE,    /* it is a WebSocket now */
  UPGRADE_REFUSED, /* the status is not 101 */
  UPGRADE_WRONG    /* it is no answer to our request */
} UpgradeVerdict;

/* Appends the request to 'out'. 'host' is as in the URL, with a port that is not the default; 'path' with its query. False:
** memory, or random bytes, ran out. */
bool upgrade_request(Upgrade *u, Random *random, const char *host, const char *path, Bytes *out);
/* Judges the answer as far as it has come. '*used': how many bytes were its head; what follows is the first frame.
** '*status': the HTTP status, 0 while it is not known. '*why': what was wrong, static text. */
UpgradeVerdict upgrade_judge(const Upgrade *u, const char *text, size_t size, size_t *used, int *status,
                             const char **why);

#endif
