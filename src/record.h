/*
** Records, compiled: which wire field becomes which field of a result, and how. Only the schema room's files
** include this.
*/
#ifndef BYBIT_RECORD_H
#define BYBIT_RECORD_H

#include "schema.h"

typedef enum FieldType {
  FIELD_STRING,
  FIELD_DECIMAL,
  FIELD_INTEGER,
  FIELD_TIME, /* an integer too: milliseconds, as a number or as digits, or ISO 8601 text */
  FIELD_BOOLEAN,
  FIELD_TABLE, /* free JSON */
  FIELD_INLINE /* an object whose members count as the record's own */
} FieldType;

typedef struct Field {
  const char *wire;
  size_t wire_size;
  FieldType type;
  int name;        /* place of its name in the anchors */
  int empty_ref;   /* a table: further texts that mean nothing */
  int map_ref;     /* a table: what stands for an integer, a boolean or a word */
  bool zero_empty; /* a zero means nothing */
  int only_ref;  /* a table: the words of another field beside which this one says something; 0: beside all */
  int only_name; /* place of that field's name in the anchors */
  bool seconds;  /* a time in seconds with decimals */
  bool weak;     /* counts only where no other wire field gives its name a value */
} Field;

/* User value 1: anchors, an array of names and tables. User value 2: the metatable of its results. */
typedef struct Record {
  int count, names;
  bool has_only; /* a field has an 'only_ref' */
  Field field[SCHEMA_FIELDS];
  unsigned char slot[256]; /* hash of a wire name -> index + 1 into field; open addressing */
} Record;

/* The field of that wire name; 'guess' is tried first (fields arrive in the documented order). NULL: none. */
const Field *record_find(const Record *r, const char *wire, size_t size, int guess);

#endif
