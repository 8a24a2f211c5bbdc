/* torn.h */
#include "torn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef struct Torn { /* the response owns it */
  size_t at;          /* how many bytes are sent */
  bool reset;         /* then the connection is reset */
  int fd;             /* of the connection */
  char data[];        /* the bytes */
} Torn;

/* libmicrohttpd would first shut it down in good order. But connecting a socket to no address (AF_UNSPEC) sends the reset at
** once. Where that does not work, SO_LINGER of zero makes close send it. */
void torn_reset(int fd) {
  const struct linger now = {.l_onoff = 1, .l_linger = 0};
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  (void)connect(fd, &nobody, sizeof nobody); /* if it fails, SO_LINGER is still set */
}

/* Gives libmicrohttpd the bytes, then the error that closes the connection. */
static ssize_t read_torn(void *cls, uint64_t position, char *out, size_t max) {
  const Torn *t = cls;
  if (position >= t->at) {
    if (t->reset) torn_reset(t->fd);
    return MHD_CONTENT_READER_END_WITH_ERROR;
  }
  size_t size = t->at - (size_t)position < max ? t->at - (size_t)position : max;
  memcpy(out, t->data + position, size);
  return (ssize_t)size;
}

struct MHD_Response *torn_response(const char *body, size_t size, size_t at, bool reset, int fd) {
  if (at > size) at = size;
  Torn *t = malloc(sizeof *t + at);
  if (t == NULL) return NULL;
  *t = (Torn){.at = at, .reset = reset, .fd = fd};
  memcpy(t->data, body, at);
  struct MHD_Response *response = MHD_create_response_from_callback(size, 4096, read_torn, t, free);
  if (response == NULL) free(t);
  return response;
}
