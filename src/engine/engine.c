/* luaopen_bybit_paper_engine: what the paper exchange does for each order, in C. It knows no sockets; src/paper serves them. */
#include "money.h"
#include "parts.h"

#include <lauxlib.h>

static const luaL_Reg functions[] = {
    {"flat", engine_flat},
    {"headers", engine_headers},
    {"in_window", engine_in_window},
    {"padded", engine_padded},
    {"place_of", engine_place_of},
    {"query", engine_query},
    {"rules", engine_rules},
    {"steps", engine_steps},
    {"unchanged", engine_unchanged},
    {"writer", engine_writer},
    {NULL, NULL},
};

static const luaL_Reg money[] = {
    {"settle", engine_settle},
    {"cost", engine_cost},
    {"ticks", engine_ticks},
    {"add", engine_add},
    {"fill", engine_fill},
    {"records", engine_records},
    {NULL, NULL},
};

/* money(begin) -> the functions that work on amounts. 'begin' is the decimal that the exchange's sums begin with. */
static int l_money(lua_State *L) {
  Decimal zero;
  luaL_argcheck(L, money_test(L, 1, &zero) && lua_getmetatable(L, 1), 1, "a decimal expected");
  luaL_newlibtable(L, money);
  lua_insert(L, 1);
  lua_insert(L, 2); /* the functions, the metatable, the decimal */
  luaL_setfuncs(L, money, 2);
  return 1;
}

__attribute__((visibility("default"))) int luaopen_bybit_paper_engine(lua_State *L);

int luaopen_bybit_paper_engine(lua_State *L) {
  luaL_checkversion(L);
  luaL_newlib(L, functions);
  lua_pushcfunction(L, l_money);
  lua_setfield(L, -2, "money");
  engine_push_plain(L);
  lua_setfield(L, -2, "plain");
  engine_push_windows(L);
  lua_setfield(L, -2, "window");
  engine_push_ladder(L);
  lua_setfield(L, -2, "ladder");
  return 1;
}
