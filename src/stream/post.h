/*
** The post: a carrier whose network is a program of Lua, as the simulation's. What lines send waits here until the program takes it;
** what it delivers goes to the line.
*/
#ifndef BYBIT_STREAM_POST_H
#define BYBIT_STREAM_POST_H

#include "carrier.h"

#include <lua.h>

/* The carrier of this Lua state's post. */
Carrier post_carrier(lua_State *L);
/* Makes the post, and adds 'sent' and 'deliver' to the table on top of the stack. */
void post_open(lua_State *L);

#endif
