/* What the command does with a share on a Redis server, see share_lua.h: it connects, makes one call, and waits for the answer. */
#ifndef BYBIT_REDIS_VISIT_H
#define BYBIT_REDIS_VISIT_H

#include <lua.h>
#include <stdbool.h>

/* The URL is at 1. They return the result and the share's name; or nil and a message. */
int redis_visit_halt(lua_State *L, const char *reason);
int redis_visit_resume(lua_State *L); /* was it halted? */
int redis_visit_look(lua_State *L);   /* a text in JSON */
bool redis_visit_works(void);         /* false: this build is without hiredis */

#endif
