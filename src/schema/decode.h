/* What the files that decode know of each other: envelope.c reads what is around a result, decode.c the result, members.c
** the objects in it, field.c the value of a declared field. */
#ifndef BYBIT_SCHEMA_DECODE_H
#define BYBIT_SCHEMA_DECODE_H

#include "record.h"
#include "value/json.h"
#include <lua.h>

/* Stack places that decoding needs besides a memory. */
enum { DECODE_STACK = 30 };

/* The values of the last record of a list: where the same bytes come again, what became of them is taken from here. */
typedef struct Memory {
  int base; /* the value of the i-th field is kept in the stack place base + i */
  struct {
    const char *text; /* the value as it stood in the answer, with its quotes; NULL: nothing is kept */
    size_t size;
    bool empty; /* it meant "no value" */
  } last[SCHEMA_FIELDS];
} Memory;

typedef struct Decode {
  lua_State *L;
  JsonScanner *s;
  Record *record;      /* NULL: the endpoint has none */
  int anchors;         /* stack place of the record's anchors */
  int metatable;       /* stack place of the metatable of results, or of nil */
  int decimals;        /* stack place of the metatable of decimals; nil until there is one */
  int undecoded;       /* stack place of the list of fields that did not decode; nil while there is none */
  Memory *memory;      /* NULL: nothing is kept */
  lua_Integer element; /* the element of a list that is being read; 0: not in a list */
  int within;         /* stack place of the name of the field whose list is being read; 0: it is the result */
  const char *misfit; /* why the result has not the declared form; an error only when the code is 0 */
  int set;            /* how many values were set in records so far */
  int odd;            /* how many fields did not decode so far */
  bool listed;        /* the list was there */
  JsonValue message;  /* of the envelope */
} Decode;

/* Notes the error, unless there is one already. False. */
bool decode_failed(JsonScanner *s, const char *why);
/* Pushes the meaning of a JSON string. */
void decode_push_string(lua_State *L, const JsonValue *v);
/* Pushes what a value says as text: a string's meaning, anything else as it stands. Like all below, it is false, with the
** error noted, when the text is no JSON. */
bool decode_push_text(Decode *d, const JsonValue *v);
/* Pushes any value as a table or plain value; an object that has a key twice is an error. */
bool decode_push_any(Decode *d, const JsonValue *v);
/* Notes the field whose name is on top of the stack as not decoded, and takes that off. */
void decode_note(Decode *d);
/* Replaces the name of a field on top of the stack by its place in the result, such as "[2].price". */
void decode_place(Decode *d);
/* Pushes the text of a value that is not as declared, and notes its field. */
bool decode_push_odd(Decode *d, const Field *f, const JsonValue *v);
/* Pushes the list of records that the value of a field is. */
bool decode_push_records(Decode *d, const Field *f, const JsonValue *v);
/* Digits with an optional minus that fit. */
bool decode_integer(const char *text, size_t size, int64_t *out);
/* Pushes what the value of a declared field becomes; nil when it means "no value". */
bool decode_push_field(Decode *d, const Field *f, const JsonValue *v);
/* Reads a short number in quotes and pushes what it becomes, in one pass. False, with nothing read or pushed, when there is
** none, or the field is none for it: then json_scan_value reads it, and decode_push_field pushes it. */
bool decode_push_number(Decode *d, const Field *f);
/* Reads the members of an object, whose '{' was read, into the record on top of the stack. The fields 'within' an inline
** member are weak; NULL: it is the record itself. */
bool decode_members(Decode *d, const Field *within);
/* Reads the elements of an array, whose '[' was read, into the record on top of the stack, by their place. */
bool decode_elements(Decode *d);
/* Reads the value of the i-th field and pushes it; nil when it means "no value". */
bool decode_cell(Decode *d, int i);
/* Pushes an empty list, with the metatable that the record's own metatable names for lists of it. */
void decode_new_list(Decode *d);
/* Is this the name? NULL is none. */
bool decode_is(const JsonValue *key, const char *name);
/* Pushes the result, whose value 'v' was read. */
bool decode_result(Decode *d, const Endpoint *ep, const JsonValue *v);

#endif
