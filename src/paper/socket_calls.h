/* What the exchange's Lua state does with WebSockets, see socket_calls.c. */
#ifndef BYBIT_PAPER_SOCKET_CALLS_H
#define BYBIT_PAPER_SOCKET_CALLS_H

#include "http.h"

#include <lua.h>

/* Pushes the table of functions; '*http' is read at each call, and may be NULL. */
void socket_calls_push(lua_State *L, PaperHttp *const *http);
/* Keeps the two functions on top of the stack, and takes them off: what is called with a message, and at the end. */
void socket_calls_keep(lua_State *L);
/* Events whose owner is a Lua state. An error that arrives here means that memory ran out. */
void socket_calls_message(lua_State *L, int64_t id, const char *text, size_t size);
void socket_calls_closed(lua_State *L, int64_t id);

#endif
