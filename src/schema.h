/*
** Declarations, compiled: an endpoint checks and encodes the parameters of its calls in one walk; a record is
** decoded straight from the bytes of an answer, without a generic table in between. Both are made once, on
** first use, from rows of data in lua/bybit.
*/
#ifndef BYBIT_SCHEMA_H
#define BYBIT_SCHEMA_H

#include "bytes.h"
#include "decimal.h"
#include "json.h"
#include <lua.h>

#define SCHEMA_ENDPOINT "bybit.endpoint"
#define SCHEMA_RECORD   "bybit.record"

enum { SCHEMA_PARAMS = 64, SCHEMA_RULES = 12, SCHEMA_RULE_PARAMS = 16, SCHEMA_FIELDS = 96 };

typedef enum ParamType {
  PARAM_STRING,
  PARAM_SYMBOL,
  PARAM_ID,   /* printable, not empty */
  PARAM_LINK, /* a client order id: at most 36 of A-Z a-z 0-9 - _ */
  PARAM_DECIMAL,
  PARAM_INTEGER,
  PARAM_BOOLEAN,
  PARAM_ENUM,
  PARAM_TIME, /* milliseconds, or ISO text */
  PARAM_CURSOR,
  PARAM_SECONDS, /* a span, a float */
  PARAM_TABLE,
  PARAM_TOKEN
} ParamType;

/* What a parameter that is not sent tells the call itself. */
typedef enum CallOption {
  OPTION_NONE,
  OPTION_RECEIVE_WINDOW,
  OPTION_TIMEOUT,
  OPTION_CONNECT_TIMEOUT,
  OPTION_DEADLINE,
  OPTION_CANCEL,
  OPTION_RAW,
  OPTION_EXTRA,
  OPTION_CONFIRM,
  OPTION_ID_PREFIX
} CallOption;

typedef enum RuleKind {
  RULE_ONE_OF,    /* exactly one */
  RULE_ANY_OF,    /* at least one */
  RULE_TOGETHER,  /* all or none */
  RULE_EQUAL,     /* equal where both are given */
  RULE_EXCLUDES,  /* not both */
  RULE_DIRECTION, /* trigger price, base price, direction: the third follows from the first two */
  RULE_MODE       /* mode, quantities: Partial with a quantity, else Full */
} RuleKind;

/* The strings are kept alive by the endpoint's user value, a table of anchors; '..._ref' index it, 0 = none.
 */
typedef struct Param {
  ParamType type;
  CallOption option;
  const char *name; /* anchor i + 1 for the i-th parameter */
  const char *wire; /* NULL: not sent */
  int also_ref;     /* a second name */
  int values_ref;   /* enum: its words, each with what goes out for it */
  int default_ref;
  int by_ref; /* defaults by the value of another parameter */
  int by_param;
  int when_param; /* required when that parameter has the value at when_ref; -1 = never */
  int when_ref;
  int unless_param; /* ... unless this one is given */
  bool required;
  int why_ref; /* why it is required, for the message; 0: said by no one */
  bool has_min, min_open, has_max;
  bool generate; /* a client order id is made when none is given */
  Decimal min, max;
} Param;

typedef struct Rule {
  RuleKind kind;
  int count;
  int param[SCHEMA_RULE_PARAMS];
} Rule;

typedef enum ShapeKind { SHAPE_NONE, SHAPE_RECORD, SHAPE_LIST, SHAPE_FIRST, SHAPE_FREE } ShapeKind;

typedef struct Fixed {
  const char *wire;
  const char *value; /* NULL: the client's category */
} Fixed;

typedef struct Endpoint {
  const char *method; /* for messages */
  const char *row;    /* its name among the declarations */
  const char *verb, *path;
  const char *group; /* rate group; NULL: none */
  int limit;         /* its requests in 'per' seconds as documented; 0: not known */
  double per;        /* seconds */
  int weight;        /* how many of them a call costs */
  bool by_symbol;    /* each symbol has that limit for itself */
  bool post;         /* parameters go out in the body; else as a query */
  bool json;         /* that body is JSON; else it is written as a query is */
  bool changes;      /* it changes something: its failures have an outcome */
  bool open;         /* public: needs no signature */
  bool composite;    /* several requests, made by Lua over other endpoints */
  bool settles;      /* a failure of unknown outcome can be settled */
  bool heard;        /* recovery hears of its successes too */
  bool cancels;      /* it takes no risk: cancels, or reads */
  bool internal;     /* made by the Lua layer for a method of its own */
  bool names_order;  /* it is about one order, by an id */
  bool generates;    /* an order that it makes itself */
  ShapeKind shape;
  bool list_needed; /* an answer without the list is no answer: absence is concluded from it */
  const char *list_key, *cursor_key; /* NULL list_key: the result itself is the list, or its one record */
  int reserved_ref;                  /* a set of names that 'extra' may not hold; 0: none */
  int param_count, rule_count, fixed_count;
  Param param[SCHEMA_PARAMS];
  Rule rule[SCHEMA_RULES];
  Fixed fixed[4];
} Endpoint;

/* What a walk over the parameters found out, and what it needs to know. */
typedef struct Encoding {
  Bytes *out;           /* the body, or the query without '?' */
  Bytes *named;         /* the parameters under our names, as JSON; NULL: not wanted */
  const char *category; /* for fixed parameters without a value */
  const char *made_id;  /* the client order id for a call that gives none */
  bool used_made_id;
  char symbol[33];                        /* that the call is about; empty: none */
  char order_id[64], client_order_id[37]; /* that go out; empty: none, or one too long to be one */
  int64_t
      receive_window; /* ms; preset to the client's; may be replaced by a call option, as the next three */
  double timeout, connect_timeout, deadline;
  bool raw;
  int confirm;          /* -1: not said */
  int required;         /* stack place of a set of names that this client requires; 0: none */
  struct Token *cancel; /* NULL: none */
} Encoding;

/* Adds 'schema' (endpoint, record, hints) to the module table on top of the stack. */
void schema_open(lua_State *L);

/* Checks the table at 'params' against the endpoint at 'ep' (its user value holds the anchors) and encodes it
** into e->out. Raises on a wrong call, with nothing sent. Leaves the stack as it found it. */
void schema_encode(lua_State *L, int ep, int params, Encoding *e);
/* The same checks without encoding: pushes a new table of the parameters, by their first names, defaults
** included. */
void schema_check(lua_State *L, int ep, int params, Encoding *e);

typedef struct Answer {
  int64_t code;
  bool has_code;
  int64_t time; /* the exchange's, ms; 0: not said */
  int64_t limit, left,
      reset;        /* of the rate group: requests, those left, ms when that ends; limit <= 0: not said */
  const char *note; /* what it says of a success that is not a whole one, inside the text; NULL: nothing */
  size_t note_size;
  const char *error; /* why it does not decode; NULL when it does */
  size_t offset;     /* where, counted from 1 */
} Answer;

/* Decodes an envelope: pushes result, message (string or nil) and a table of the names of fields that did not decode
** (or nil). The record for the endpoint's shape is at 'record' (ignored without). On an error that is told in 'a' three
** nils are pushed. 'names' index: the dialect's envelope names, a table. */
void schema_decode(lua_State *L, const Endpoint *ep, int record, int names, const char *text, size_t size,
                   Answer *a);

#endif
