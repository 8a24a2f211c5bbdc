/* Recordings, see record.h. */
#include "record.h"
#include "value/json.h"
#include "wire/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

bool record_open(Record *r, const char *path, const char *key, const char *label) {
  *r = (Record){.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600)};
  if (r->fd < 0) return false;
  if (key != NULL) r->key = strdup(key);
  r->secrets[0] = r->key;
  redact_begin(&r->redaction, r->secrets, 1);
  if (bytes_text(&r->label, label) && (key == NULL || r->key != NULL)) return true;
  record_close(r);
  errno = ENOMEM;
  return false;
}

/* Strikes out what is secret, and makes the text from 'start' on one line. */
static void clean(Record *r, size_t start) {
  char *text = r->line.data + start;
  size_t size = redact(&r->redaction, text, r->line.size - start);
  for (size_t i = 0; i < size; i++)
    if (text[i] == '\n' || text[i] == '\r') text[i] = ' ';
  r->line.size = start + size;
}

/* What comes before a line: the end of one that is not whole, and how many are missing. */
static void begin(Record *r) {
  bytes_clear(&r->line);
  if (r->torn) bytes_text(&r->line, "\n");
  if (r->lost == 0) return;
  bytes_text(&r->line, "{\"mark\":\"lost\",\"lines\":");
  bytes_integer(&r->line, r->lost);
  bytes_text(&r->line, "}\n");
}

static const char *fail(Record *r, const char *why) {
  return r->lost++ == 0 ? why : NULL;
}

static const char *finish(Record *r) {
  bytes_text(&r->line, "\n");
  if (r->line.failed) return fail(r, "not enough memory");
  ssize_t done;
  do done = write(r->fd, r->line.data, r->line.size);
  while (done < 0 && errno == EINTR);
  if (done == (ssize_t)r->line.size) {
    r->lost = 0;
    r->torn = false;
    return NULL;
  }
  int why = done < 0 ? errno : ENOSPC;
  if (done > 0) r->torn = r->line.data[done - 1] != '\n';
  return fail(r, strerror(why));
}

const char *record_message(Record *r, const char *text, size_t size, int64_t heard) {
  if (r->fd < 0) return NULL;
  while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL) size--;
  begin(r);
  size_t start = r->line.size;
  bool object = size > 0 && text[size - 1] == '}';
  if (!bytes_append(&r->line, text, object ? size - 1 : size)) return fail(r, "not enough memory");
  clean(r, start);
  if (object) {
    bytes_text(&r->line, ",\"heard\":");
    bytes_integer(&r->line, heard);
    bytes_text(&r->line, "}");
  }
  return finish(r);
}

const char *record_mark(Record *r, const char *mark, const char *reason, int64_t time) {
  if (r->fd < 0) return NULL;
  begin(r);
  bytes_text(&r->line, "{\"mark\":\"");
  bytes_text(&r->line, mark);
  if (reason != NULL) bytes_text(&r->line, "\",\"reason\":\"");
  if (reason != NULL) bytes_text(&r->line, reason);
  bytes_text(&r->line, "\",\"time\":");
  bytes_integer(&r->line, time);
  bytes_text(&r->line, ",\"topics\":");
  bytes_append(&r->line, r->label.data, r->label.size);
  bytes_text(&r->line, "}");
  return finish(r);
}

void record_close(Record *r) {
  if (r->fd >= 0) close(r->fd);
  r->fd = -1;
  if (r->key != NULL) {
    redact_end(&r->redaction);
    wipe(r->key, strlen(r->key));
    free(r->key);
    r->key = NULL;
  }
  bytes_free(&r->label);
  bytes_free(&r->line);
}
