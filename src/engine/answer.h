/* The JSON of the exchange's answers, for the parts of bybit.paper_engine. lua/bybit/paper/answer.lua says what the values are. */
#ifndef BYBIT_ENGINE_ANSWER_H
#define BYBIT_ENGINE_ANSWER_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

/* The upvalues of each function that writes: the metatables by which a value is known, and the memory that is written to. */
enum {
  ANSWER_OBJECT = 1, /* {pairs} */
  ANSWER_RECORD,     /* {fields, values} */
  ANSWER_LIST,       /* {values} */
  ANSWER_TEXT,       /* {text}: JSON already */
  ANSWER_ROW,        /* {shape, record, more} */
  ANSWER_NULL,
  ANSWER_DECIMAL,
  ANSWER_MEMORY,
  ANSWER_UPVALUES = ANSWER_MEMORY
};

enum { ANSWER_ROOM = 4096 }; /* bytes of memory in the beginning */

/* A text that is being written. The memory belongs to the function that writes, so that nothing is lost when something raises. */
typedef struct Answer {
  lua_State *L;
  char *text;
  size_t size, room;
  const void *kinds[ANSWER_DECIMAL + 1];
} Answer;

/* Begins a text; only in a function with the upvalues above. Writing calls no Lua function, so no two texts are written at once. */
void answer_begin(Answer *a, lua_State *L);
void answer_bytes(Answer *a, const char *bytes, size_t size);
void answer_integer(Answer *a, int64_t n);
void answer_quoted(Answer *a, const char *text,
                   size_t size); /* a JSON string; what is no UTF-8 becomes U+FFFD */
/* The value at an absolute place of the stack. Raises on one that is none of the above, a text, an integer, a boolean. */
void answer_value(Answer *a, int index);
void answer_end(Answer *a); /* the text has been taken: much memory goes */

/* Pushes a shape, from the table of its entries at 1; a function with the upvalues above. shape.c tells what shapes are. */
int answer_shape(lua_State *L);
void answer_open_shapes(lua_State *L);
void answer_row(Answer *a, int index); /* the row at an absolute place of the stack */

#endif
