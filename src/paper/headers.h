/* The headers of a request that the exchange looks at. */
#ifndef BYBIT_PAPER_HEADERS_H
#define BYBIT_PAPER_HEADERS_H

#include <microhttpd.h>

typedef enum PaperHeaderName {
  PAPER_HEADER_KEY, /* X-BAPI-... */
  PAPER_HEADER_TIMESTAMP,
  PAPER_HEADER_SIGN,
  PAPER_HEADER_WINDOW,
  PAPER_HEADER_UPGRADE,
  PAPER_HEADER_SOCKET_VERSION,
  PAPER_HEADER_SOCKET_KEY,
  PAPER_HEADERS
} PaperHeaderName;

/* Their values live as long as the request. */
typedef struct PaperHeaders {
  const char *values[PAPER_HEADERS]; /* NULL: absent. Of a header that comes twice the first counts */
} PaperHeaders;

void paper_headers_read(PaperHeaders *headers, struct MHD_Connection *connection);
/* The key of a request for a WebSocket; NULL: it is none (RFC 6455, section 4.2.1). */
const char *paper_headers_socket_key(const PaperHeaders *headers);

#endif
