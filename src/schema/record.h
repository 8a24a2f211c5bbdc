/*
** Compiled records: which wire field becomes which field of a result, and how. Only record.c and what decodes include
** this.
*/
#ifndef BYBIT_RECORD_H
#define BYBIT_RECORD_H

#include "schema.h"

typedef enum FieldType {
  FIELD_STRING,  /* a text or a word of an enum */
  FIELD_DECIMAL, /* a number or its digits as a string */
  FIELD_INTEGER, /* the same */
  FIELD_TIME,    /* becomes an integer, ms since 1970; on the wire a number, digits, or ISO 8601 text */
  FIELD_BOOLEAN, /* true or false; 0 and 1 count too */
  FIELD_TABLE,   /* any JSON */
  FIELD_LIST,    /* a list of records of another kind */
  FIELD_MAP,     /* an object with decimals as values */
  FIELD_INLINE   /* an object whose members are read as members of the record itself */
} FieldType;

typedef struct Field {
  const char *wire;  /* the exchange's name, inside 'token' */
  size_t wire_size;  /* its bytes */
  const char *token; /* how a member with that name begins: ,"name": (the anchors keep it alive) */
  size_t token_size;
  FieldType type;
  int name;        /* anchor: our name */
  int empty_ref;   /* anchor: a set of texts that mean "no value", besides ""; 0: none */
  int map_ref;     /* anchor: a table from integers, booleans or words of the wire to our values; 0: none */
  bool zero_empty; /* 0 means "no value" */
  int only_ref; /* anchor: this field means something only when another has one of this set of words; 0: always */
  int only_name; /* anchor: our name of that other field */
  int of_ref;    /* FIELD_LIST; anchor: the compiled record of its elements */
  bool seconds;  /* FIELD_TIME in seconds with decimals */
  bool weak;     /* used only when no other wire field gives a value for our name */
} Field;

/* A record. User value 1: the anchors, an array of names and tables. User value 2: the metatable of its results. */
typedef struct Record {
  int count;     /* how many fields */
  bool has_only; /* some field has an 'only_ref' */
  bool plain;    /* read without shortcuts: specs compare both ways */
  bool by_place; /* it may also stand as an array, whose elements are the fields in their order */
  int room;      /* how many fields the last one had: room for the next one's table */
  /* Learned from answers, and nothing but a guess: which field comes after the i-th one, at [i + 1], and first, at [0]. */
  unsigned char next[SCHEMA_FIELDS + 1];
  Field field[SCHEMA_FIELDS];
  unsigned char slot[256]; /* a hash table with open addressing: index + 1 into 'field', or 0 */
} Record;

/* The index of the field with that wire name; -1 when it is not declared. */
int record_find(const Record *r, const char *wire, size_t size);

#endif
