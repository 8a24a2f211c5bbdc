/*
** Writes the parameters of a call under our own names, as a JSON object. The journal keeps it with an intent; it is the
** same for both wires. It runs before the values are checked, so it leaves out what has no text.
*/
#include "walk.h"

#include "value/decimal_lua.h"
#include "value/json_lua.h"

#include <string.h>

/* Writes the value in slot 'i': a string, number, decimal or boolean. False when it is something else, no UTF-8, or
** memory ran out. */
static bool put_plain(const Walk *w, int i, Bytes *out) {
  lua_State *L = w->L;
  int slot = walk_slot(w, i);
  Decimal x;
  if (lua_type(L, slot) == LUA_TSTRING) {
    size_t size;
    const char *text = lua_tolstring(L, slot, &size);
    return json_quote(out, text, size);
  }
  if (lua_type(L, slot) == LUA_TBOOLEAN) return bytes_text(out, lua_toboolean(L, slot) ? "true" : "false");
  if (lua_isinteger(L, slot)) return bytes_integer(out, lua_tointeger(L, slot));
  if (!decimal_exact(L, slot, &x)) { /* it has pushed why */
    lua_pop(L, 1);
    return false;
  }
  char text[DECIMAL_TEXT_MAX];
  return json_quote(out, text, decimal_format(x, text));
}

void walk_named(const Walk *w) {
  Bytes *out = w->e->named;
  bytes_text(out, "{");
  bool first = true;
  if (w->ep->category >= 0) { /* also the client's: a later client may have another */
    bytes_text(out, "\"category\":");
    json_quote(out, w->e->category, strlen(w->e->category));
    first = false;
  }
  for (int i = 0; i < w->ep->param_count; i++) {
    const Param *p = &w->ep->param[i];
    if (!walk_given(w, i) || p->option != OPTION_NONE) continue;
    size_t before = out->size;
    bytes_text(out, first ? "\"" : ",\"");
    bytes_text(out, p->name);
    bytes_text(out, "\":");
    if (put_plain(w, i, out))
      first = false;
    else if (!out->failed)
      out->size = before;
  }
  bytes_text(out, "}");
}
