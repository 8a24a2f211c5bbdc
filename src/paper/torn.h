/*
** Answers that break off: a body of which only the beginning is sent, and connections that are reset.
*/
#ifndef BYBIT_PAPER_TORN_H
#define BYBIT_PAPER_TORN_H

#include "http.h"

#include <microhttpd.h>

/* Resets a connection, at once where the system can. */
void torn_reset(int fd);
/* A response that announces 'size' bytes and breaks off at 'fault->at', then resets the connection if the fault says so. NULL when
** memory runs out. */
struct MHD_Response *torn_response(const char *body, size_t size, const PaperFault *fault, int fd);

#endif
