/*
** The parameters of nearly every request: a flat JSON object of texts and booleans. Reads it in one pass. What is not of that form is
** left to bybit.paper.params, which reads all JSON. It shares no code with the client's JSON: each checks the other.
*/
#include "input.h"
#include "parts.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

/* Pushes a value: nil for "", as that is no value here. False, with nothing pushed, when it is of another kind. */
static bool push_value(lua_State *L, Input *in) {
  const char *text;
  size_t size;
  input_skip_space(in);
  if (input_text(in, &text, &size)) {
    if (size > 0)
      lua_pushlstring(L, text, size);
    else
      lua_pushnil(L);
    return true;
  }
  bool yes = input_word(in, "true", 4);
  if (!yes && !input_word(in, "false", 5)) return false;
  lua_pushboolean(L, yes);
  return true;
}

/* Reads a name and its value into the table on top of the stack. Of a name that comes twice the last counts. */
static bool read_field(lua_State *L, Input *in) {
  const char *name;
  size_t size;
  if (!input_text(in, &name, &size) || !input_take(in, ':')) return false;
  lua_pushlstring(L, name, size);
  if (!push_value(L, in)) {
    lua_pop(L, 1);
    return false;
  }
  lua_rawset(L, -3);
  return true;
}

static bool read_object(lua_State *L, Input *in) {
  if (!input_take(in, '{')) return false;
  if (!input_take(in, '}')) {
    do {
      if (!read_field(L, in)) return false;
    } while (input_take(in, ','));
    if (!input_take(in, '}')) return false;
  }
  input_skip_space(in);
  return in->next == in->end;
}

int engine_flat(lua_State *L) {
  enum { FIELDS = 8 }; /* of an order */
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  Input in = {.next = text, .end = text + size};
  lua_createtable(L, 0, FIELDS);
  if (!read_object(L, &in)) lua_pushnil(L);
  return 1;
}
