/*
** luaopen_bybit_core: makes the module table and lets each part add itself to it. It decides nothing.
*/
#include "call.h"
#include "client.h"
#include "clock_lua.h"
#include "decimal_lua.h"
#include "http_lua.h"
#include "journal_lua.h"
#include "json_lua.h"
#include "limiter_lua.h"
#include "loop.h"
#include "moment_lua.h"
#include "random_lua.h"
#include "schema.h"
#include "sign_lua.h"
#include "signals.h"
#include "terminal.h"
#include "token.h"

#include <lauxlib.h>
#include <lua.h>

/* Each adds its functions to the table on top of the stack and leaves the stack as it found it. */
static void (*const parts[])(lua_State *L) = {
    decimal_open, json_open,  sign_open,        random_open,   loop_open,         token_open,
    signals_open, http_open,  schema_open,      client_open,   client_facts_open, call_open,
    limiter_open, clock_open, journal_lua_open, terminal_open, moment_open,       NULL,
};

__attribute__((visibility("default"))) int luaopen_bybit_core(lua_State *L);

int luaopen_bybit_core(lua_State *L) {
  luaL_checkversion(L);
  lua_newtable(L);
  for (size_t i = 0; parts[i] != NULL; i++) parts[i](L);
  return 1;
}
