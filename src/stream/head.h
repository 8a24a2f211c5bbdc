/*
** What a message of a stream is about: the members around its data (V5 documentation, websocket/connect). Knows no Lua.
*/
#ifndef BYBIT_STREAM_HEAD_H
#define BYBIT_STREAM_HEAD_H

#include "value/json.h"

typedef struct Head {
  JsonValue topic; /* of type JSON_ERROR where there is none, as are the next four */
  JsonValue op, request, why, connection;
  bool success, failure; /* what "success" says, or retCode */
} Head;

/* Reads the members of the message until its topic is known; what stands behind it is not looked at. False: it is no JSON
** object. It points into the text. */
bool head_read(const char *text, size_t size, Head *head);
bool head_is(const JsonValue *v, const char *word); /* is it this word, as it stands? */

#endif
