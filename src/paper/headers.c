#include "headers.h"

#include <string.h>
#include <strings.h>

/* Called with each header. */
static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
  static const char *const names[PAPER_HEADERS] = {
      [PAPER_HEADER_KEY] = "X-BAPI-API-KEY",
      [PAPER_HEADER_TIMESTAMP] = "X-BAPI-TIMESTAMP",
      [PAPER_HEADER_SIGN] = "X-BAPI-SIGN",
      [PAPER_HEADER_WINDOW] = "X-BAPI-RECV-WINDOW",
      [PAPER_HEADER_UPGRADE] = "Upgrade",
      [PAPER_HEADER_SOCKET_VERSION] = "Sec-WebSocket-Version",
      [PAPER_HEADER_SOCKET_KEY] = "Sec-WebSocket-Key",
  };
  PaperHeaders *headers = cls;
  (void)kind;
  if (strchr("XxUuSs", *name) == NULL) return MHD_YES;
  for (int i = 0; i < PAPER_HEADERS; i++)
    if (headers->values[i] == NULL && strcasecmp(names[i], name) == 0) headers->values[i] = value;
  return MHD_YES;
}

void paper_headers_read(PaperHeaders *headers, struct MHD_Connection *connection) {
  *headers = (PaperHeaders){0};
  MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, headers);
}

const char *paper_headers_socket_key(const PaperHeaders *headers) {
  const char *upgrade = headers->values[PAPER_HEADER_UPGRADE],
             *version = headers->values[PAPER_HEADER_SOCKET_VERSION];
  if (upgrade == NULL || strcasecmp(upgrade, "websocket") != 0) return NULL;
  return version != NULL && strcmp(version, "13") == 0 ? headers->values[PAPER_HEADER_SOCKET_KEY] : NULL;
}
