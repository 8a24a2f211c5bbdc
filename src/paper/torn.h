/*
** Answers that break off: a body of which only the beginning is sent, and connections that are reset.
*/
#ifndef BYBIT_PAPER_TORN_H
#define BYBIT_PAPER_TORN_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

/* Resets a connection, at once where the system can. */
void torn_reset(int fd);
/* A response that announces 'size' bytes and breaks off after 'at' of them; 'reset': then the connection of that descriptor is
** reset. NULL when memory runs out. */
struct MHD_Response *torn_response(const char *body, size_t size, size_t at, bool reset, int fd);

#endif
