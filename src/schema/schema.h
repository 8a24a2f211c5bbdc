/*
** Compiled declarations. An endpoint checks and encodes the parameters of its calls in one walk (encode.c). A record is
** decoded straight from the bytes of an answer, without a table in between (decode.c). Both are compiled once, at their
** first use, from rows of data in lua/bybit: schema.c compiles endpoints, record.c records.
*/
#ifndef BYBIT_SCHEMA_H
#define BYBIT_SCHEMA_H

#include "value/bytes.h"
#include "change.h"
#include "value/decimal.h"
#include "value/json.h"
#include <lua.h>

#define SCHEMA_ENDPOINT "bybit.endpoint"
#define SCHEMA_RECORD   "bybit.record"

/* The most parameters and rules of an endpoint, parameters of a rule, and wire fields of a record. */
enum { SCHEMA_PARAMS = 64, SCHEMA_RULES = 12, SCHEMA_RULE_PARAMS = 16, SCHEMA_FIELDS = 96 };
enum { SCHEMA_KINDS = 4, SCHEMA_ENDINGS = 8 }; /* the most categories, and endings of each */
enum { SCHEMA_TOKEN = 128 };                   /* the most bytes of a Token */
enum { SCHEMA_SLOTS = 256 }; /* a power of two, and enough for two names of each parameter */

typedef enum ParamType {
  PARAM_STRING,  /* any text, not empty */
  PARAM_SYMBOL,  /* a contract, such as BTCUSD */
  PARAM_ID,      /* an id of the exchange: printable, without spaces */
  PARAM_COIN,    /* a coin, such as BTC */
  PARAM_COINS,   /* one, or several with commas between them */
  PARAM_LINK,    /* a client order id: 1 to 36 of A-Z a-z 0-9 - _ */
  PARAM_UUID,    /* the caller's id of what is no order: 36 characters, as RFC 9562 writes them */
  PARAM_DECIMAL, /* goes out as a string of digits */
  PARAM_INTEGER, /* 10.0 is one, "10" is not */
  PARAM_BOOLEAN,
  PARAM_ENUM,    /* one of our words; the wire may have others for them */
  PARAM_TIME,    /* milliseconds since 1970, or ISO 8601 text */
  PARAM_CURSOR,  /* the text that leads to the next page */
  PARAM_SECONDS, /* a span of time, a float above 0 */
  PARAM_TABLE,
  PARAM_TOKEN /* a cancel token */
} ParamType;

/* A parameter that is not sent but tells the call something; the names are those of the parameters. */
typedef enum CallOption {
  OPTION_NONE,            /* an ordinary parameter, or one that only Lua reads */
  OPTION_RECEIVE_WINDOW,  /* ms; sets Encoding.receive_window */
  OPTION_TIMEOUT,         /* seconds; sets Encoding.timeout */
  OPTION_CONNECT_TIMEOUT, /* seconds; sets Encoding.connect_timeout */
  OPTION_DEADLINE,        /* seconds; sets Encoding.deadline */
  OPTION_CANCEL,          /* sets Encoding.cancel */
  OPTION_RAW,             /* sets Encoding.raw */
  OPTION_EXTRA,           /* a table of further wire fields, sent as they are */
  OPTION_CONFIRM,         /* sets Encoding.confirm */
  OPTION_ID_PREFIX,       /* a filter of cancel_all, which Lua applies */
  OPTION_CATEGORY         /* the kind of contracts; sets Encoding.category */
} CallOption;

typedef enum RuleKind {
  RULE_ONE_OF,    /* exactly one is given */
  RULE_ANY_OF,    /* at least one is given */
  RULE_TOGETHER,  /* all are given, or none */
  RULE_EQUAL,     /* two decimals are equal when both are given */
  RULE_EXCLUDES,  /* at most one is given */
  RULE_DIRECTION, /* trigger price, base price, direction: the direction follows from the prices */
  RULE_MODE,      /* mode, then quantities: Partial when a quantity is given, else Full */
  RULE_CLOSES     /* side, position mode: an order that closes a side of hedge mode only takes risk away */
} RuleKind;

/* What stands before a value in a body or query, from the separator on: ,"name": or &name= */
typedef struct Token {
  const char *text;
  size_t size;
} Token;

/* A parameter. The endpoint's user value is a table, the anchors; it keeps the strings alive. Each '..._ref' is an index
** into it, 0 for none. Each '..._param' is the index of another parameter, -1 for none. */
typedef struct Param {
  ParamType type;
  CallOption option;
  const char *name; /* our name; anchor i + 1 for the i-th parameter */
  const char *wire; /* the exchange's name; NULL: it is not sent */
  const char *also; /* a second name of ours; NULL: it has none */
  Token token;      /* what stands before its value */
  int values_ref;   /* PARAM_ENUM: a table from our words to what goes out */
  int default_ref;  /* the value when it is absent */
  int by_ref;       /* a table: the default by the value of the parameter 'by_param' */
  int by_param;
  int when_param; /* it is required when that parameter has the value 'when_ref', ... */
  int when_ref;
  int unless_param;                /* ... unless this one is given */
  bool required;                   /* always */
  int why_ref;                     /* the reason why it is required, for the message */
  bool has_min, min_open, has_max; /* which bounds it has; open: 'min' itself is not allowed */
  int whole_ref;                   /* a table: of the categories in which it is a whole number, the unit */
  bool kind;                       /* PARAM_SYMBOL: its symbol is checked by Endpoint.kind */
  bool leg;                        /* which position of a symbol the call is about; noted in the Encoding */
  uint64_t zero_with;              /* by bit: flags that let 0 pass 'min_open' when all are true; 0: none */
  bool generate;                   /* an id of ours that the call makes when none is given */
  bool reduces;                    /* a flag by which an order only takes risk away */
  Decimal min, max;
} Param;

/* A rule that binds parameters together: 'param' holds 'count' indices, in the order that the kind says. */
typedef struct Rule {
  RuleKind kind;
  uint64_t set;         /* by bit: the same indices */
  const char *category; /* the rule holds in this category; NULL: in each */
  int count;
  int param[SCHEMA_RULE_PARAMS];
} Rule;

/* What a result is: nothing, one record, a list of records, the first record of a list, a list for each field of such
** records, any JSON. */
typedef enum ShapeKind {
  SHAPE_NONE,
  SHAPE_RECORD,
  SHAPE_LIST,
  SHAPE_FIRST,
  SHAPE_COLUMNS,
  SHAPE_FREE
} ShapeKind;

/* A parameter that always goes out. */
typedef struct Fixed {
  const char *wire;
  const char *value; /* NULL stands for the client's category */
  Token token;
} Fixed;

/* What is known of the symbols of a category. */
typedef struct Kind {
  const char *category;
  const char *name; /* what messages call its contracts */
  int count;
  const char *ending[SCHEMA_ENDINGS]; /* how symbols of other categories end: '#' is a digit, '?' a letter */
} Kind;

/* A method, compiled. The head of lua/bybit/wire/rows.lua explains the fields of a row. User value 1: anchors. */
typedef struct Endpoint {
  const char *method; /* the method's name, for messages */
  const char *row;    /* its row's name among the declarations */
  const char *verb, *path;
  const char *group;  /* the rate group that its calls count in; NULL: none */
  int limit;          /* requests that the group allows in 'per' seconds, as documented; 0: not known */
  double per;         /* seconds */
  int weight;         /* how many requests of the limit a call costs */
  bool by_symbol;     /* the limit holds for each symbol separately */
  bool post;          /* parameters go out in the body; false: in the query */
  bool json;          /* the body is JSON; false: it is a form, written like a query */
  bool changes;       /* it changes something at the exchange, so its failures have an outcome */
  bool open;          /* public: it needs no signature */
  bool composite;     /* Lua makes it of several requests to other endpoints */
  const char *settle; /* the word for its change; NULL: an unknown outcome is not settled */
  Change change;      /* the change that 'settle' names */
  bool conditional;   /* it is about orders with a trigger */
  bool heard;         /* recovery is told of its successes too */
  bool cancels;       /* it takes risk away, or is part of what does */
  bool protects;      /* it sets stops: it takes risk away, unless it removes a stop */
  bool internal;      /* the Lua layer calls it for another method; users cannot */
  bool names_order;   /* it has an id of an order among its parameters */
  const char *items;  /* a batch: the name of the list of its elements; NULL: it is none */
  const char *uuid; /* the parameter that is a PARAM_UUID, and the field that shows it; NULL: there is none */
  ShapeKind shape;
  /* An answer without the list is an error: callers conclude from the list that an order is absent. */
  bool list_needed;
  const char *list_key, *cursor_key; /* members of the result; NULL list_key: the result itself is the list */
  const char *part; /* the field of the record that is the result in its place; NULL: it is the record */
  bool heads;       /* the list in that field gets the other fields of the record */
  bool single;      /* the first element of that list is the result */
  int reserved_ref; /* anchor: a set of names that 'extra' may not have; 0: none */
  int param_count, rule_count, fixed_count;
  int generates;     /* the parameter for which an id is made; -1: none */
  int category;      /* the parameter that names the category; -1: none */
  uint64_t required; /* by bit: parameters that are always required, ... */
  uint64_t beside;   /* ... that may be required beside the value of another one, ... */
  uint64_t defaults; /* ... and that may have a value when they are absent */
  Param param[SCHEMA_PARAMS];
  Rule rule[SCHEMA_RULES];
  Fixed fixed[4];
  int kind_count;
  Kind kind[SCHEMA_KINDS];
  /* A hash table of the parameters' names, with open addressing, by address: Lua has each short string once. Index + 1 into
  ** 'param', SCHEMA_PARAMS more for a second name, or 0. */
  unsigned char slot[SCHEMA_SLOTS];
} Endpoint;

/* What a walk over the parameters is told, and what it finds out. The caller owns all of it. */
typedef struct Encoding {
  Bytes *out;   /* gets the body, or the query without '?' */
  Bytes *named; /* gets the parameters under our names, as JSON, for the journal; NULL: not wanted */
  /* The value of fixed parameters without one. Told: the client's; found out: what the call names in its place. */
  const char *category;
  const char *made_id; /* our id for a call that gives none; NULL: none is made */
  bool used_made_id;   /* found out: made_id went out */
  size_t own;          /* found out: where in 'out' the parameters begin, behind those that always go out */
  bool reduces;        /* found out: a flag says that the order only takes risk away */
  char symbol[33];     /* found out: what the call is about; "" for none */
  int leg;             /* found out: which position of the symbol; 0: the only one, or not said */
  /* Found out: the ids that go out; "" for none, or one too long. A PARAM_UUID counts as the second. */
  char order_id[64], client_order_id[37];
  /* Set to the client's before the walk; options of the call replace them. */
  int64_t receive_window;                    /* ms */
  double timeout, connect_timeout, deadline; /* seconds */
  bool raw;                                  /* option of the call: the answer's own text is wanted too */
  int confirm;                               /* option of the call: 0, 1, or -1 when it was not given */
  int required;         /* told: stack place of a set of names that this client requires; 0: none */
  struct Token *cancel; /* option of the call, alive with the caller's table; NULL: none */
} Encoding;

/* Where in Endpoint.slot the search for a name begins. */
static inline size_t schema_slot(const char *name) {
  uintptr_t at = (uintptr_t)name;
  return (at >> 4 ^ at >> 12) % SCHEMA_SLOTS;
}

/* Adds 'schema' (endpoint, record, hints) to the module table on top of the stack. */
void schema_open(lua_State *L);

/* Checks the table at 'params' against the endpoint at 'ep' and encodes it into e->out. Raises when the call is wrong or
** memory runs out. Leaves the stack as it found it. */
void schema_encode(lua_State *L, int ep, int params, Encoding *e);
/* Makes the same checks without encoding, and pushes a new table with the parameters by their first names, including
** defaults. Enum values stay our words. */
void schema_check(lua_State *L, int ep, int params, Encoding *e);

/* What the envelope of an answer says besides the result. */
typedef struct Answer {
  int64_t code;  /* the return code; 0: success */
  bool has_code; /* there was one */
  int64_t time;  /* the exchange's clock, ms since 1970; 0: not said */
  /* Of the rate group: requests allowed and left, and when they renew (ms). limit <= 0: not said. */
  int64_t limit, left, reset;
  const char *note; /* a remark on a success that is not complete, a view into the text; NULL: none */
  size_t note_size;
  const char *error; /* why the text does not decode, a static text; NULL when it does */
  size_t offset;     /* the byte that was wrong, counted from 1 */
} Answer;

/* Pushes a userdata with the names of an envelope's parts, which the dialect's table at 'table' tells. */
void schema_push_names(lua_State *L, int table);

/* Decodes an answer. Pushes three values: the result; the message (a string or nil); and a table with the names of fields
** that did not decode (or nil). When the text does not decode, a->error tells why, and the three are nil. 'record': stack
** place of the record for the endpoint's shape, or of nil when there is none. 'names': stack place of what schema_push_names
** pushed. Raises only when memory runs out. */
void schema_decode(lua_State *L, const Endpoint *ep, int record, int names, const char *text, size_t size,
                   Answer *a);

#endif
