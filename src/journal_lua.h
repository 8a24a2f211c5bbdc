/* The Lua face of journal.h: the userdata "bybit.journal". */
#ifndef BYBIT_JOURNAL_LUA_H
#define BYBIT_JOURNAL_LUA_H

#include "journal.h"
#include <lua.h>

/* Adds 'journal' to the module table on top of the stack. */
void journal_lua_open(lua_State *L);
Journal *journal_test(lua_State *L, int index); /* NULL: no journal */

#endif
