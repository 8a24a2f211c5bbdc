/* luaopen_bybit_paper_engine: what the paper exchange does for each order, in C. It knows no sockets; src/paper serves them. */
#include "parts.h"

#include <lauxlib.h>

static const luaL_Reg functions[] = {
    {"flat", engine_flat},
    {NULL, NULL},
};

__attribute__((visibility("default"))) int luaopen_bybit_paper_engine(lua_State *L);

int luaopen_bybit_paper_engine(lua_State *L) {
  luaL_checkversion(L);
  luaL_newlib(L, functions);
  return 1;
}
