/*
** A pipe: a connection that libcurl makes (name, proxy, TLS, certificates as for HTTP) and that then carries the caller's
** bytes. It is a transfer whose request has 'pipe' set: HTTP_OK says that it is connected, http_release closes it. Nothing
** here blocks. Knows no Lua.
*/
#ifndef BYBIT_HTTP_PIPE_H
#define BYBIT_HTTP_PIPE_H

#include "http.h"

typedef enum PipeStatus {
  PIPE_OK,
  PIPE_WAIT,  /* nothing now: try again when the descriptor is ready */
  PIPE_ENDED, /* the other side has closed in good order */
  PIPE_BROKEN /* it was reset, or is not open */
} PipeStatus;

/* Its descriptor, to be watched until the transfer is released; -1: it is not open. */
int pipe_fd(Transfer *t);
PipeStatus pipe_send(Transfer *t, const void *data, size_t size, size_t *sent);
/* Under TLS there may be more bytes although the descriptor is not readable: so read until PIPE_WAIT. */
PipeStatus pipe_recv(Transfer *t, void *room, size_t size, size_t *got);

#endif
