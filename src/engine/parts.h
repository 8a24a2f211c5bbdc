/* The parts of bybit.paper_engine. Each function is called by Lua; engine.c names it there. */
#ifndef BYBIT_ENGINE_PARTS_H
#define BYBIT_ENGINE_PARTS_H

#include <lua.h>

/* flat(text) -> the fields of a JSON object whose values are short: texts without escapes and with ASCII alone, and booleans. Nil when
** there is anything else in it, or it is no JSON: then the caller reads it another way. Fields that are "" are left out. */
int engine_flat(lua_State *L);

#endif
