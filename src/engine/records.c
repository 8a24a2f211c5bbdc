#include "records.h"
#include "parts.h"
#include "value/random.h"

#include <lauxlib.h>
#include <string.h>

/* What a field is read from. */
typedef enum From { FROM_EXACT, FROM_WHOLE, FROM_VALUE, FROM_ID } From;

typedef struct Field {
  const char *name;
  From from;
  int place;
} Field;

static const Field order[] = {{"id", FROM_ID, 0},
                              {"row", FROM_WHOLE, ORDER_ROW},
                              {"created", FROM_WHOLE, ORDER_CREATED},
                              {"updated", FROM_WHOLE, ORDER_CREATED},
                              {"ended", FROM_WHOLE, ORDER_ENDED},
                              {"qty", FROM_EXACT, ORDER_QUANTITY},
                              {"filled", FROM_EXACT, ORDER_QUANTITY},
                              {"price", FROM_EXACT, ORDER_PRICE},
                              {"last_on_created", FROM_EXACT, ORDER_LAST},
                              {"value", FROM_EXACT, ORDER_WORTH},
                              {"fee", FROM_EXACT, ORDER_FEE},
                              {"exact", FROM_EXACT, ORDER_EXACT},
                              {"link", FROM_VALUE, ORDER_LINK},
                              {"side", FROM_VALUE, ORDER_SIDE},
                              {"profit_row", FROM_VALUE, ORDER_PROFIT},
                              {NULL, FROM_ID, 0}};

static const Field execution[] = {{"id", FROM_ID, 0},
                                  {"row", FROM_WHOLE, EXECUTION_ROW},
                                  {"time", FROM_WHOLE, EXECUTION_TIME},
                                  {"mark", FROM_WHOLE, EXECUTION_MARK},
                                  {"seq", FROM_WHOLE, EXECUTION_SEQ},
                                  {"price", FROM_EXACT, EXECUTION_PRICE},
                                  {"quantity", FROM_EXACT, EXECUTION_QUANTITY},
                                  {"value", FROM_EXACT, EXECUTION_WORTH},
                                  {"fee", FROM_EXACT, EXECUTION_FEE},
                                  {"leaves", FROM_EXACT, EXECUTION_LEAVES},
                                  {"order_price", FROM_EXACT, EXECUTION_ORDER_PRICE},
                                  {"order_quantity", FROM_EXACT, EXECUTION_ORDER_QUANTITY},
                                  {"closed", FROM_EXACT, EXECUTION_CLOSED},
                                  {"profit", FROM_EXACT, EXECUTION_GAIN},
                                  {"order", FROM_VALUE, EXECUTION_ORDER},
                                  {NULL, FROM_ID, 0}};

static const Field profit[] = {{"row", FROM_WHOLE, PROFIT_ROW},
                               {"created", FROM_WHOLE, PROFIT_CREATED},
                               {"updated", FROM_WHOLE, PROFIT_CREATED},
                               {"closed", FROM_EXACT, PROFIT_CLOSED},
                               {"entry_value", FROM_EXACT, PROFIT_BOUGHT},
                               {"exit_value", FROM_EXACT, PROFIT_EXIT},
                               {"pnl", FROM_EXACT, PROFIT_PNL},
                               {"open_fee", FROM_EXACT, PROFIT_OPENING},
                               {"close_fee", FROM_EXACT, PROFIT_CLOSING},
                               {"leverage", FROM_EXACT, PROFIT_LEVERAGE},
                               {"order", FROM_VALUE, PROFIT_ORDER},
                               {NULL, FROM_ID, 0}};

static const struct {
  const char *name;
  const Field *fields;
} kinds[RECORD_KINDS] = {
    [RECORD_ORDER] = {"order", order},
    [RECORD_EXECUTION] = {"execution", execution},
    [RECORD_PROFIT] = {"profit", profit},
};

Record *record_new(lua_State *L, int exacts, int values, int meta) {
  meta = lua_absindex(L, meta);
  Record *r = lua_newuserdatauv(L, sizeof *r + (size_t)exacts * sizeof r->exact[0], values);
  *r = (Record){0};
  lua_pushvalue(L, meta);
  lua_setmetatable(L, -2);
  return r;
}

void record_push_id(lua_State *L, const unsigned char id[16]) {
  char text[37];
  random_uuid_text(id, text);
  lua_pushlstring(L, text, sizeof text - 1);
}

/* record.name. The upvalues are the metatable of decimals, the table of fields by name (place in the list, from 1), the fields that all
** of these records have, and which kind they are. */
static int l_index(lua_State *L) {
  enum { META = 1, PLACES, SHARED, KIND };
  const Record *r = lua_touserdata(L, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(PLACES));
  lua_Integer place = lua_tointeger(L, -1);
  luaL_argcheck(L, r != NULL, 1, "a record expected");
  if (place > 0) {
    const Field *f = &kinds[lua_tointeger(L, lua_upvalueindex(KIND))].fields[place - 1];
    size_t has = (lua_rawlen(L, 1) - sizeof *r) / sizeof r->exact[0];
    if (f->from == FROM_ID)
      record_push_id(L, r->id);
    else if (f->from == FROM_WHOLE)
      lua_pushinteger(L, r->whole[f->place]);
    else if (f->from == FROM_VALUE)
      lua_getiuservalue(L, 1, f->place);
    else if ((size_t)f->place < has)
      money_push(L, r->exact[f->place]);
    else
      place = 0;
    if (place > 0) return 1;
  }
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(SHARED));
  return 1;
}

int engine_records(lua_State *L) {
  enum { KIND = 1, SHARED };
  const char *name = luaL_checkstring(L, KIND);
  luaL_checktype(L, SHARED, LUA_TTABLE);
  lua_settop(L, SHARED);
  int kind = 0;
  while (kind < RECORD_KINDS && strcmp(kinds[kind].name, name) != 0) kind++;
  luaL_argcheck(L, kind < RECORD_KINDS, KIND, "'order', 'execution' or 'profit' expected");
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, MONEY_META);
  lua_newtable(L);
  for (int i = 0; kinds[kind].fields[i].name != NULL; i++) {
    lua_pushinteger(L, i + 1);
    lua_setfield(L, -2, kinds[kind].fields[i].name);
  }
  lua_pushvalue(L, SHARED);
  lua_pushinteger(L, kind);
  lua_pushcclosure(L, l_index, 4);
  lua_setfield(L, -2, "__index");
  return 1;
}
