/* What a fill does to a position and to the coin of its account. */
#ifndef BYBIT_ENGINE_BOOKING_H
#define BYBIT_ENGINE_BOOKING_H

#include "money.h"

/* Where the tables of the position and of the coin stand on the stack. */
enum { BOOKING_POSITION = 1, BOOKING_COIN };

typedef struct Fill {
  /* Set before booking_apply: what was filled, what it is worth with all digits, and the fee's rate. */
  Decimal quantity, price, value, rate;
  int side;     /* where the text of the order's side stands */
  bool inverse; /* is the contract worth quantity / price? else quantity * price */

  /* What follows. 'worth' and 'fee' are rounded. */
  Decimal worth, fee;
  bool held;    /* was there a position? */
  bool against; /* and of the other side? */
  bool fresh;   /* does a position begin with this fill? */
  bool whole;   /* is all of the quantity against it? */
  /* Where the fill is against the position: how much closes, and how much opens; the profit, the shares of the fees to open and to close,
  ** what was bought and sold is worth, and the profit after fees. */
  Decimal closed, opened, profit, opening, closing, bought, exit, pnl;

  Decimal size, cost, fees; /* of the position: contracts, value at entry, fees paid to open */
  Decimal entry;            /* its entry price before, where the fill is against it */
} Fill;

bool booking_is_inverse(lua_State *L); /* is the position's contract? */
Decimal booking_value(lua_State *L, const Fill *f, Decimal quantity, Decimal price);
void booking_apply(lua_State *L, Fill *f);

#endif
