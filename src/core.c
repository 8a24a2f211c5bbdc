/*
** luaopen_bybit_core, which Lua calls for require "bybit.core": makes the module table and lets each room add its
** functions. core is the module's private half; programs use the Lua layer above it.
*/
#include "call/call.h"
#include "call/client.h"
#include "pace/clock_lua.h"
#include "value/decimal_lua.h"
#include "loop/fork.h"
#include "loop/hooks.h"
#include "value/gzip.h"
#include "wire/http_lua.h"
#include "value/json_lua.h"
#include "pace/limiter_lua.h"
#include "pace/share_lua.h"
#include "wire/link_lua.h"
#include "loop/loop_lua.h"
#include "modules/modules.h"
#include "value/moment_lua.h"
#include "value/random_lua.h"
#include "schema/schema.h"
#include "wire/redact_lua.h"
#include "wire/sign_lua.h"
#include "stream/stream.h"
#include "wire/url_lua.h"
#include "loop/signals.h"
#include "loop/terminal.h"
#include "loop/token.h"

#include <lauxlib.h>
#include <lua.h>

/* Each function adds to the table on top of the stack and leaves the stack as it found it. loop_open comes before
** all that holds a loop: what is made first is closed last. */
static void (*const parts[])(lua_State *L) = {
    hooks_open,  decimal_open, json_open,    sign_open,         random_open,
    loop_open,   token_open,   signals_open, http_open,         link_open,
    schema_open, stream_open,  client_open,  client_facts_open, client_streams_open,
    call_open,   limiter_open, clock_open,   terminal_open,     moment_open,
    url_open,    redact_open,  modules_open, share_open_lua,    client_share_open,
    gzip_open,   fork_open,    NULL,
};

__attribute__((visibility("default"))) int luaopen_bybit_core(lua_State *L);

int luaopen_bybit_core(lua_State *L) {
  luaL_checkversion(L);
  lua_newtable(L);
  for (size_t i = 0; parts[i] != NULL; i++) parts[i](L);
  return 1;
}
