/* The addresses of Redis servers, see redis.h: as IANA has registered the scheme, and as redis-cli and redis-py read it. */
#include "redis.h"
#include "sign.h"
#include "value/bytes.h"
#include "value/percent.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 6379, DATABASES = 1000000, WORD = 32 };

typedef struct Reading {
  const char *at;
  char *why;
  size_t room;
  bool socket, tls;
} Reading;

static bool wrong(const Reading *r, const char *words) {
  snprintf(r->why, r->room, "%s", words);
  return false;
}

/* The text with its percent-encoding undone; NULL: no memory, or a zero byte in it. */
static char *decoded(const char *at, size_t size) {
  char *out = malloc(size + 1);
  const char *end = at + size;
  size_t n = 0;
  if (out == NULL) return NULL;
  for (int c; (c = percent_next(&at, end)) >= 0;) {
    if (c == 0) {
      wipe(out, n);
      free(out);
      return NULL;
    }
    out[n++] = (char)c;
  }
  out[n] = '\0';
  return out;
}

static bool read_scheme(Reading *r) {
  static const struct {
    const char *word;
    bool socket, tls;
  } schemes[] = {{"redis://", false, false},
                 {"rediss://", false, true},
                 {"unix://", true, false},
                 {"redis+unix://", true, false}};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    size_t size = strlen(schemes[i].word);
    if (strncmp(r->at, schemes[i].word, size) != 0) continue;
    r->at += size;
    r->socket = schemes[i].socket;
    r->tls = schemes[i].tls;
    return true;
  }
  return wrong(r,
               "a URL of a Redis server is redis://, rediss:// or unix://, such as redis://127.0.0.1:6379/0");
}

/* "[user][:password]@", which may be missing. A password may have '@' in it only as %40. */
static bool read_user(Reading *r, RedisUrl *out) {
  const char *at = strchr(r->at, '@'), *slash = strchr(r->at, '/'), *query = strchr(r->at, '?');
  if (at == NULL || (slash != NULL && slash < at) || (query != NULL && query < at)) return true;
  const char *colon = memchr(r->at, ':', (size_t)(at - r->at));
  const char *user_end = colon == NULL ? at : colon;
  if (user_end > r->at) out->user = decoded(r->at, (size_t)(user_end - r->at));
  if (colon != NULL) out->password = decoded(colon + 1, (size_t)(at - colon - 1));
  if ((user_end > r->at && out->user == NULL) || (colon != NULL && out->password == NULL))
    return wrong(r, "its user or password cannot be read");
  if (out->password == NULL) return wrong(r, "it has a user without a password: redis://user:password@host");
  r->at = at + 1;
  return true;
}

static bool is_number(const char *text, size_t size, long most, long *out) {
  char *end;
  if (size == 0 || size > 9) return false;
  for (size_t i = 0; i < size; i++)
    if (!isdigit((unsigned char)text[i])) return false;
  *out = strtol(text, &end, 10);
  return *out <= most;
}

/* host[:port]; the characters are those of names and addresses, so that nothing else gets into libcurl's URL. */
static bool read_host(Reading *r, RedisUrl *out) {
  size_t size = strcspn(r->at, "/?#"), host = size;
  const char *bracket = r->at[0] == '[' ? memchr(r->at, ']', size) : NULL;
  const char *from = bracket == NULL ? r->at : bracket;
  const char *colon = memchr(from, ':', size - (size_t)(from - r->at));
  long port = PORT;
  if (colon != NULL) {
    host = (size_t)(colon - r->at);
    if (!is_number(colon + 1, size - host - 1, 65535, &port) || port == 0)
      return wrong(r, "its port is no number from 1 to 65535");
  }
  for (size_t i = 0; i < host; i++)
    if (!isalnum((unsigned char)r->at[i]) && strchr(bracket == NULL ? ".-_" : "[]:.", r->at[i]) == NULL)
      return wrong(r, "its host has letters, digits, '-', '_' and '.'");
  if (host == 0) return wrong(r, "it has no host: redis://127.0.0.1:6379/0");
  char text[320];
  if (host > 255) return wrong(r, "its host is too long");
  snprintf(text, sizeof text, "%s://%.*s:%ld", r->tls ? "https" : "http", (int)host, r->at, port);
  out->url = strdup(text);
  snprintf(text, sizeof text, "%s://%.*s:%ld", r->tls ? "rediss" : "redis", (int)host, r->at, port);
  out->name = strdup(text);
  r->at += size;
  return (out->url != NULL && out->name != NULL) || wrong(r, "not enough memory");
}

static bool read_socket(Reading *r, RedisUrl *out) {
  enum { PATH = 107 }; /* unix(7) */
  size_t size = strcspn(r->at, "?#");
  if (r->at[0] != '/' || size < 2)
    return wrong(r, "it has no path of a socket: unix:///run/redis/redis.sock");
  out->socket = decoded(r->at, size);
  if (out->socket == NULL || strlen(out->socket) > PATH)
    return wrong(r, "the path of its socket is too long");
  char text[PATH + 8];
  snprintf(text, sizeof text, "unix://%s", out->socket);
  out->url = strdup("http://localhost");
  out->name = strdup(text);
  r->at += size;
  return (out->url != NULL && out->name != NULL) || wrong(r, "not enough memory");
}

/* "/3": the database. */
static bool read_path(Reading *r, RedisUrl *out) {
  size_t size = strcspn(r->at, "?#");
  long database = 0;
  if (size > 1 && !is_number(r->at + 1, size - 1, DATABASES, &database))
    return wrong(r, "its path is the number of a database: redis://host:port/0");
  out->database = (int)database;
  r->at += size;
  return true;
}

static bool is_word(const char *text) {
  size_t size = strlen(text);
  for (size_t i = 0; i < size; i++)
    if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_') return false;
  return size > 0 && size <= WORD;
}

static bool read_field(const Reading *r, const char *name, size_t size, char *value, RedisUrl *out) {
  long database;
  char **place = NULL;
  if (size == 2 && memcmp(name, "db", 2) == 0) {
    if (!is_number(value, strlen(value), DATABASES, &database))
      return wrong(r, "db is the number of a database");
    out->database = (int)database;
    free(value);
    return true;
  }
  if (size == 7 && memcmp(name, "ca_file", 7) == 0) place = &out->ca_file;
  if (size == 5 && memcmp(name, "share", 5) == 0) place = &out->share;
  if (size == 7 && memcmp(name, "machine", 7) == 0) place = &out->machine;
  if (place == NULL) return wrong(r, "its query has db, ca_file, share or machine, and nothing else");
  if (place != &out->ca_file && !is_word(value))
    return wrong(r, "share and machine in its query are 1 to 32 of A-Z a-z 0-9 - _");
  free(*place);
  *place = value;
  return true;
}

static bool read_query(Reading *r, RedisUrl *out) {
  if (*r->at == '#') return wrong(r, "no fragment has a place in it");
  while (*r->at == '?' || *r->at == '&') {
    const char *name = r->at + 1;
    size_t size = strcspn(name, "=&#");
    const char *value = name + size + (name[size] == '=');
    size_t length = strcspn(value, "&#");
    char *text = decoded(value, length);
    if (text == NULL) return wrong(r, "its query cannot be read");
    if (!read_field(r, name, size, text, out)) {
      wipe(text, strlen(text)); /* it may be a password that somebody put there */
      free(text);
      return false;
    }
    r->at = value + length;
  }
  return *r->at == '\0' || wrong(r, "no fragment has a place in it");
}

/* The name tells databases and shares apart. */
static bool finish_name(const Reading *r, RedisUrl *out) {
  Bytes name = {0};
  bool fine = bytes_text(&name, out->name);
  if (out->socket == NULL) {
    fine = fine && bytes_text(&name, "/") && bytes_integer(&name, out->database);
  } else if (out->database != 0)
    fine = fine && bytes_text(&name, "?db=") && bytes_integer(&name, out->database);
  if (out->share != NULL)
    fine = fine && bytes_text(&name, strchr(name.data, '?') == NULL ? "?share=" : "&share=") &&
           bytes_text(&name, out->share);
  free(out->name);
  out->name = name.data;
  return fine || wrong(r, "not enough memory");
}

bool redis_url_read(const char *text, RedisUrl *out, char *why, size_t room) {
  Reading r = {.at = text, .why = why, .room = room};
  *out = (RedisUrl){0};
  bool fine = read_scheme(&r) && read_user(&r, out);
  fine = fine && (r.socket ? read_socket(&r, out) : read_host(&r, out) && read_path(&r, out));
  fine = fine && read_query(&r, out);
  if (fine && out->ca_file != NULL && !r.tls) fine = wrong(&r, "ca_file in its query is for rediss://");
  fine = fine && finish_name(&r, out);
  if (!fine) redis_url_free(out);
  return fine;
}

void redis_url_free(RedisUrl *u) {
  if (u->password != NULL) wipe(u->password, strlen(u->password));
  free(u->url);
  free(u->socket);
  free(u->user);
  free(u->password);
  free(u->ca_file);
  free(u->share);
  free(u->machine);
  free(u->name);
  *u = (RedisUrl){0};
}
