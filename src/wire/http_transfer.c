/*
** One transfer: a handle of libcurl with the options that all requests share, what libcurl calls for it, and what differs from
** request to request. Finished ones are kept, since a handle costs more to make than a request.
*/
#include "http_parts.h"
#include "url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MAX_IDLE = 30 }; /* seconds: we drop an idle connection before the server does */

/* ---- what libcurl calls ---- */

/* Opens sockets that programs started by the strategy do not inherit; libcurl's own would be inherited. */
static curl_socket_t on_open_socket(void *owner, curlsocktype purpose, struct curl_sockaddr *address) {
  Transfer *t = owner;
  (void)purpose;
  room_opens(t);
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd >= 0) socket_opened(t->http, fd);
  return fd;
}

/* libcurl is about to send the request. It may do so once. It wants to a second time when a kept connection died before
** the answer. But the exchange may have received the request, and only the caller knows whether a copy does harm. */
static int on_prereq(void *owner, char *remote, char *local, int remote_port, int local_port) {
  Transfer *t = owner;
  (void)remote, (void)local, (void)remote_port, (void)local_port;
  if (t->sendings == 0) t->result.lead = loop_real_now(t->http->loop) - t->started;
  room_stands(t);
  return t->sendings++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static bool keep(Transfer *t, Bytes *out, const char *data, size_t size) {
  if (bytes_append(out, data, size)) return true;
  t->out_of_memory = true;
  return false;
}

static size_t on_body(char *data, size_t one, size_t size, void *owner) {
  Transfer *t = owner;
  (void)one;
  if (size > t->max_body - t->result.body.size) {
    t->oversized = true;
    return 0;
  }
  return keep(t, &t->result.body, data, size) ? size : 0;
}

/* Gets one header line at a time, also of interim answers, which are dropped. */
static size_t on_header(char *data, size_t one, size_t size, void *owner) {
  Transfer *t = owner;
  (void)one;
  t->header_bytes += size;
  if (t->header_bytes > HTTP_HEADERS_MAX) {
    t->oversized = true;
    return 0;
  }
  if (size >= 5 &&
      memcmp(data, "HTTP/", 5) == 0) { /* a status line: the answer before it was an interim one */
    bytes_clear(&t->result.headers);
    t->headed = false;
    room_settles(t);
    return size;
  }
  if (size <= 2) { /* the empty line at the end of the headers */
    t->headed = true;
    return size;
  }
  return keep(t, &t->result.headers, data, size) ? size : 0;
}

/* ---- its options ---- */

#define SET(easy, option, value) bad |= curl_easy_setopt(easy, option, value)

/* Sets the options that all transfers of a client share, once per handle. */
static bool set_fixed(Http *http, Transfer *t) {
  CURL *e = t->easy;
  CURLcode bad = CURLE_OK;
  SET(e, CURLOPT_PRIVATE, t);
  SET(e, CURLOPT_NOSIGNAL, 1L);
  SET(e, CURLOPT_QUICK_EXIT, 1L);
  SET(e, CURLOPT_NOPROGRESS, 1L);
  SET(e, CURLOPT_FOLLOWLOCATION, 0L);
  SET(e, CURLOPT_PROTOCOLS_STR, "http,https");
  SET(e, CURLOPT_HTTP09_ALLOWED, 0L);
  SET(e, CURLOPT_HTTP_VERSION, http->http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
  SET(e, CURLOPT_MAXAGE_CONN, (long)MAX_IDLE);
  SET(e, CURLOPT_TCP_KEEPALIVE, 1L);
  SET(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(e, CURLOPT_SSL_VERIFYPEER, 1L);
  SET(e, CURLOPT_SSL_VERIFYHOST, 2L);
  SET(e, CURLOPT_ERRORBUFFER, t->result.message);
  SET(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  SET(e, CURLOPT_OPENSOCKETDATA, t);
  SET(e, CURLOPT_CLOSESOCKETFUNCTION, socket_close);
  SET(e, CURLOPT_CLOSESOCKETDATA, http);
  SET(e, CURLOPT_PREREQFUNCTION, on_prereq);
  SET(e, CURLOPT_PREREQDATA, t);
  SET(e, CURLOPT_WRITEFUNCTION, on_body);
  SET(e, CURLOPT_WRITEDATA, t);
  SET(e, CURLOPT_HEADERFUNCTION, on_header);
  SET(e, CURLOPT_HEADERDATA, t);
  SET(e, CURLOPT_PROXY, http->proxy);
  if (http->ca_file != NULL) { /* and nobody else: libcurl has a directory of authorities built in */
    SET(e, CURLOPT_CAINFO, http->ca_file);
    SET(e, CURLOPT_CAPATH, NULL);
    SET(e, CURLOPT_PROXY_CAINFO, http->ca_file);
    SET(e, CURLOPT_PROXY_CAPATH, NULL);
  }
  return bad == CURLE_OK && room_set_fixed(t);
}

static long milliseconds(double seconds) {
  double ms = seconds * 1000;
  return ms < 1 ? 1 : ms > 1e9 ? (long)1e9 : (long)ms; /* for libcurl 0 means "no timeout" */
}

/* Sets an option, unless the handle has that value. '*set' is what it has. */
static CURLcode set_number(CURL *e, CURLoption option, long value, long *set) {
  if (*set == value) return CURLE_OK;
  CURLcode bad = curl_easy_setopt(e, option, value);
  if (bad == CURLE_OK) *set = value;
  return bad;
}

/* The same for an option that is 'word' or nothing. */
static CURLcode set_word(CURL *e, CURLoption option, const char *word, bool value, bool *set) {
  if (*set == value) return CURLE_OK;
  CURLcode bad = curl_easy_setopt(e, option, value ? word : NULL);
  if (bad == CURLE_OK) *set = value;
  return bad;
}

/* Lines that libcurl gets beside those of a request. Ours of the program costs it less than the option for that. A long body
** does not wait for "100 Continue"; for a short one (some releases: below 1 KB, others: 1 MB) libcurl would not ask for that. */
enum { SHORT_BODY = 1024 };
static const char our_name[] = "User-Agent: bybit-lua", no_expect[] = "Expect:";

/* A list of the request's headers, which stay where they are: libcurl only reads them. */
static bool set_headers(Transfer *t, const HttpRequest *r, bool post) {
  const char *const own[] = {our_name, no_expect};
  size_t count = r->header_count + 1 + (post && r->body_size >= SHORT_BODY);
  if (count > t->header_room) {
    struct curl_slist *more = realloc(t->headers, count * sizeof *more);
    if (more == NULL) return false;
    t->headers = more;
    t->header_room = count;
  }
  for (size_t i = 0; i < count; i++) {
    const char *line = i < r->header_count ? r->headers[i] : own[i - r->header_count];
    t->headers[i] = (struct curl_slist){.data = (char *)(uintptr_t)line,
                                        .next = i + 1 < count ? &t->headers[i + 1] : NULL};
  }
  return curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
}

/* Makes the handle forget where it sent to. */
static void forget_origin(Transfer *t) {
  curl_easy_setopt(t->easy, CURLOPT_CURLU, NULL);
  curl_easy_setopt(t->easy, CURLOPT_URL, NULL);
  curl_url_cleanup(t->origin);
  free(t->origin_text);
  t->origin = NULL;
  t->origin_text = NULL;
}

/* Reads the origin, and has the handle use it. */
static CURLcode set_origin(Transfer *t, const char *url, size_t size) {
  forget_origin(t);
  t->origin = curl_url();
  t->origin_text = malloc(size + 1);
  if (t->origin == NULL || t->origin_text == NULL) return CURLE_OUT_OF_MEMORY;
  memcpy(t->origin_text, url, size);
  t->origin_text[size] = '\0';
  CURLUcode bad = curl_url_set(t->origin, CURLUPART_URL, t->origin_text, CURLU_NON_SUPPORT_SCHEME);
  if (bad != CURLUE_OK) return bad == CURLUE_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_URL_MALFORMAT;
  return curl_easy_setopt(t->easy, CURLOPT_CURLU, t->origin);
}

/* Where to send it. Of a URL whose target is sent unchanged only the origin matters (scheme, host, port), and that is the same
** for all requests of a client: it is read once. */
static CURLcode set_url(Transfer *t, const char *url, const char *target) {
  size_t size = target == NULL ? 0 : (size_t)(target - url);
  if (size > 0 && t->origin_text != NULL && strncmp(t->origin_text, url, size) == 0 &&
      t->origin_text[size] == '\0')
    return CURLE_OK;
  CURLcode bad = size > 0 ? set_origin(t, url, size) : CURLE_URL_MALFORMAT;
  if (bad == CURLE_OK) return bad;
  forget_origin(t);
  return bad == CURLE_URL_MALFORMAT ? curl_easy_setopt(t->easy, CURLOPT_URL, url) : bad;
}

/* The body of a POST stays where it is, too. */
static CURLcode set_verb(Transfer *t, const HttpRequest *r, bool post) {
  CURLcode bad = CURLE_OK;
  if (post) {
    SET(t->easy, CURLOPT_POSTFIELDS, r->body == NULL ? "" : r->body); /* this makes it a POST */
    SET(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_size);
  } else if (t->set.post)
    SET(t->easy, CURLOPT_HTTPGET, 1L);
  if (bad == CURLE_OK) t->set.post = post;
  return bad;
}

/* Most requests of a kind have the same target, without a query. */
static CURLcode set_target(Transfer *t, const char *target) {
  size_t size = target == NULL || strchr(target, '?') != NULL ? 0 : strlen(target);
  bool keeps = size > 0 && size < sizeof t->set.target;
  if (keeps && strcmp(target, t->set.target) == 0) return CURLE_OK;
  t->set.target[0] = '\0';
  CURLcode bad = curl_easy_setopt(t->easy, CURLOPT_REQUEST_TARGET, target);
  if (keeps && bad == CURLE_OK) memcpy(t->set.target, target, size + 1);
  return bad;
}

bool transfer_set(Transfer *t, const HttpRequest *r) {
  CURL *e = t->easy;
  CURLcode bad = CURLE_OK;
  bool post = strcmp(r->verb, "POST") == 0;
  const char *target = url_target(r->url, r->local);
  bad |= set_url(t, r->url, target);
  bad |= set_target(t, target);
  bad |= set_verb(t, r, post);
  bad |= set_number(e, CURLOPT_TIMEOUT_MS, milliseconds(r->timeout), &t->set.timeout);
  bad |= set_number(e, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(r->connect_timeout), &t->set.connect_timeout);
  bad |= set_word(e, CURLOPT_ACCEPT_ENCODING, "gzip", r->gzip, &t->set.gzip);
  bad |= set_word(e, CURLOPT_NOPROXY, "*", r->local, &t->set.local);
  return bad == CURLE_OK && set_headers(t, r, post) && room_set_request(t, r) && (!r->pipe || pipe_set(t, r));
}

/* ---- kept to be used again ---- */

void http_clear(Bytes *b, int others) {
  enum { FEW = 32, LARGE = 64 * 1024, SMALL = 4 * 1024 };
  if (b->capacity > (others < FEW ? LARGE : SMALL))
    bytes_free(b);
  else
    bytes_clear(b);
}

void transfer_free(Transfer *t) {
  curl_easy_cleanup(t->easy);
  curl_url_cleanup(t->origin);
  free(t->origin_text);
  free(t->headers);
  bytes_free(&t->result.headers);
  bytes_free(&t->result.body);
  free(t);
}

Transfer *transfer_get(Http *http) {
  Transfer *t = http->spare;
  if (t != NULL) {
    http->spare = t->after;
    http->spare_count--;
    t->after = NULL;
    return t;
  }
  t = calloc(1, sizeof *t);
  if (t == NULL) return NULL;
  t->http = http;
  t->easy = curl_easy_init();
  if (t->easy != NULL && set_fixed(http, t)) return t;
  transfer_free(t);
  return NULL;
}

void transfer_put(Transfer *t) {
  Http *http = t->http;
  pipe_close(t);
  if (t->pipe || http->spare_count >= http->spare_max) {
    transfer_free(t);
    return;
  }
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
  if (t->set.post) curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
  if (t->origin == NULL) curl_easy_setopt(t->easy, CURLOPT_URL, NULL);
  if (t->set.target[0] == '\0') curl_easy_setopt(t->easy, CURLOPT_REQUEST_TARGET, NULL);
  http_clear(&t->result.headers, http->spare_count);
  http_clear(&t->result.body, http->spare_count);
  *t = (Transfer){.http = http,
                  .easy = t->easy,
                  .headers = t->headers,
                  .header_room = t->header_room,
                  .origin = t->origin,
                  .origin_text = t->origin_text,
                  .set = t->set,
                  .result = {.headers = t->result.headers, .body = t->result.body},
                  .after = http->spare};
  http->spare = t;
  http->spare_count++;
}
