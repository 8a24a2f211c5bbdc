/* The head of a request: its request line and its header lines (RFC 9112). Knows no sockets. */
#ifndef BYBIT_PAPER_HEAD_H
#define BYBIT_PAPER_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAPER_BAD = 400 }; /* the status that refuses what is no request (RFC 9110) */

/* The headers that somebody here asks for. */
typedef enum HeadName {
  HEAD_KEY, /* X-BAPI-... */
  HEAD_TIMESTAMP,
  HEAD_SIGN,
  HEAD_WINDOW,
  HEAD_LENGTH,
  HEAD_CODING,
  HEAD_CONNECTION,
  HEAD_EXPECT,
  HEAD_UPGRADE, /* and of a WebSocket (RFC 6455) */
  HEAD_SOCKET_VERSION,
  HEAD_SOCKET_KEY,
  HEAD_NAMES
} HeadName;

/* What a head says. Its texts are parts of the head. */
typedef struct PaperHead {
  const char *verb, *target;      /* target: path and query, exactly as in the request line */
  const char *values[HEAD_NAMES]; /* NULL: absent. Of a header that comes twice the first counts */
  uint64_t size;                  /* bytes of the body, when it is not chunked */
  bool chunked;                   /* the body comes in chunks */
  bool continues;                 /* the client waits for "100 Continue" before it sends the body */
  bool old;                       /* HTTP/1.0 */
  bool keep;                      /* the connection stays open after the answer */
} PaperHead;

/* The bytes of the head that a text begins with, its empty line included; 0: it has not ended yet. The first 'known' bytes have no end
** in them, as an earlier call has told. */
size_t paper_head_end(const char *text, size_t size, size_t known);

/* Reads a whole head, and ends its texts with NULs in place. 0, or the status of the answer that refuses it. */
int paper_head_read(char *text, size_t size, PaperHead *head);

#endif
