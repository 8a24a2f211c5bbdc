/*
** The parameters of nearly every request: a flat JSON object of texts and booleans. Reads it in one pass. What is not of that form is
** left to bybit.paper.params, which reads all JSON. It shares no code with the client's JSON: each checks the other.
*/
#include "parts.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

/* What is read: the next byte, and the end of the text. */
typedef struct Input {
  const char *next, *end;
} Input;

static void skip_space(Input *in) {
  while (in->next < in->end &&
         (*in->next == ' ' || *in->next == '\t' || *in->next == '\n' || *in->next == '\r'))
    in->next++;
}

/* Takes a byte, and white space before it. */
static bool take(Input *in, char wanted) {
  skip_space(in);
  if (in->next == in->end || *in->next != wanted) return false;
  in->next++;
  return true;
}

static bool take_word(Input *in, const char *word, size_t size) {
  if ((size_t)(in->end - in->next) < size || memcmp(in->next, word, size) != 0) return false;
  in->next += size;
  return true;
}

/* A text; false when it has an escape, or a byte that is not printable ASCII. */
static bool take_text(Input *in, const char **text, size_t *size) {
  if (!take(in, '"')) return false;
  *text = in->next;
  for (; in->next < in->end; in->next++) {
    unsigned char c = (unsigned char)*in->next;
    if (c == '"') {
      *size = (size_t)(in->next++ - *text);
      return true;
    }
    if (c == '\\' || c < 0x20 || c > 0x7e) return false;
  }
  return false;
}

/* Pushes a value: nil for "", as that is no value here. False, with nothing pushed, when it is of another kind. */
static bool push_value(lua_State *L, Input *in) {
  const char *text;
  size_t size;
  skip_space(in);
  if (take_text(in, &text, &size)) {
    if (size > 0)
      lua_pushlstring(L, text, size);
    else
      lua_pushnil(L);
    return true;
  }
  bool yes = take_word(in, "true", 4);
  if (!yes && !take_word(in, "false", 5)) return false;
  lua_pushboolean(L, yes);
  return true;
}

/* Reads a name and its value into the table on top of the stack. Of a name that comes twice the last counts. */
static bool read_field(lua_State *L, Input *in) {
  const char *name;
  size_t size;
  if (!take_text(in, &name, &size) || !take(in, ':')) return false;
  lua_pushlstring(L, name, size);
  if (!push_value(L, in)) {
    lua_pop(L, 1);
    return false;
  }
  lua_rawset(L, -3);
  return true;
}

static bool read_object(lua_State *L, Input *in) {
  if (!take(in, '{')) return false;
  if (!take(in, '}')) {
    do {
      if (!read_field(L, in)) return false;
    } while (take(in, ','));
    if (!take(in, '}')) return false;
  }
  skip_space(in);
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
