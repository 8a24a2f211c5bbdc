/* Work in processes of its own: core.fork. */
#ifndef BYBIT_FORK_H
#define BYBIT_FORK_H

#include <lua.h>

/* Adds `fork` to the table on top of the stack. */
void fork_open(lua_State *L);

#endif
