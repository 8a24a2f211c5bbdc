/*
** A recording: what a reader of streams is sent, a line of JSON each, in a file that only its owner can read. A line goes out as
** one write, so a process that dies leaves whole lines; and several readers may share a file. What cannot be written is counted,
** and costs nothing else. Knows no Lua.
*/
#ifndef BYBIT_STREAM_RECORD_H
#define BYBIT_STREAM_RECORD_H

#include "value/bytes.h"
#include "wire/redact.h"

typedef struct Record {
  int fd;       /* owned; -1: closed */
  char *key;    /* what is struck out; owned, wiped; NULL: nothing */
  Bytes label;  /* which topics, a JSON list */
  Bytes line;   /* room for one */
  int64_t lost; /* lines that could not be written since the last one that was */
  bool torn;    /* the last line is not whole */
  const char *secrets[1];
  Redaction redaction;
} Record;

/* Opens the file, or makes it. False, with errno set. The struct must stay where it is until record_close. */
bool record_open(Record *r, const char *path, const char *key, const char *label);
/* Writes a message; 'heard': when it came, ms. NULL, or why it could not be written, where the one before could be. */
const char *record_message(Record *r, const char *text, size_t size, int64_t heard);
/* Writes what is told of the topics: "open", "live", "stale" (with a reason; otherwise NULL), "close". As record_message. */
const char *record_mark(Record *r, const char *mark, const char *reason, int64_t time);
void record_close(Record *r); /* may be called twice */

#endif
