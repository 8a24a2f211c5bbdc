/*
** Rows of the past that never change, each in one piece of memory: orders that were filled at once, their executions, and their closed
** profits. Lua reads them as if they were tables.
*/
#ifndef BYBIT_ENGINE_RECORDS_H
#define BYBIT_ENGINE_RECORDS_H

#include "money.h"

#include <stdint.h>

/* What a record is; this says which fields it has. */
typedef enum RecordKind { RECORD_ORDER, RECORD_EXECUTION, RECORD_PROFIT, RECORD_KINDS } RecordKind;

/* Where the numbers of records stand in 'whole' and 'exact', and what they hold on to in Lua, by number of the user value. */
enum {
  ORDER_ROW = 0,
  ORDER_CREATED,
  ORDER_ENDED,
  ORDER_QUANTITY = 0,
  ORDER_PRICE,
  ORDER_LAST,
  ORDER_WORTH,
  ORDER_FEE,
  ORDER_EXACT,
  ORDER_EXACTS,
  ORDER_LINK = 1,
  ORDER_SIDE,
  ORDER_PROFIT,
  ORDER_VALUES = ORDER_PROFIT
};

enum {
  EXECUTION_ROW = 0,
  EXECUTION_TIME,
  EXECUTION_MARK,
  EXECUTION_SEQ,
  EXECUTION_PRICE = 0,
  EXECUTION_QUANTITY,
  EXECUTION_WORTH,
  EXECUTION_FEE,
  EXECUTION_LEAVES,
  EXECUTION_ORDER_PRICE,
  EXECUTION_ORDER_QUANTITY,
  EXECUTION_OPENS, /* so many has one that is not against a position */
  EXECUTION_CLOSED = EXECUTION_OPENS,
  EXECUTION_GAIN,
  EXECUTION_EXACTS,
  EXECUTION_ORDER = 1
};

enum {
  PROFIT_ROW = 0,
  PROFIT_CREATED,
  PROFIT_CLOSED = 0,
  PROFIT_BOUGHT,
  PROFIT_EXIT,
  PROFIT_PNL,
  PROFIT_OPENING,
  PROFIT_CLOSING,
  PROFIT_LEVERAGE,
  PROFIT_EXACTS,
  PROFIT_ORDER = 1
};

enum { RECORD_WHOLES = 4 };

typedef struct Record {
  unsigned char id[16];
  lua_Integer whole[RECORD_WHOLES];
  Decimal exact[];
} Record;

/* Pushes a new record with room for so many decimals and values, and the metatable at 'meta'. */
Record *record_new(lua_State *L, int exacts, int values, int meta);
void record_push_id(lua_State *L, const unsigned char id[16]);

#endif
