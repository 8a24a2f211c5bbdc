/*
** http.h over libcurl: one multi handle per client, driven by multi_socket_action from the loop; nothing here ever
** blocks. What libcurl would do behind our back is kept from it: it may not send a request twice, follow a
** redirect, guess a proxy for loopback, raise a signal, or wait for a resolver when a handle goes.
*/
#include "http.h"
#include "sign.h"
#include "url.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
  MAX_HEADERS = 64 * 1024, /* bytes of all header lines of one answer, interim ones included */
  MAX_IDLE = 30,           /* seconds: an idle connection is dropped before the server would */
  MAX_SPARE = 32           /* finished transfers kept to be used again */
};

/* libcurl has a socket and wants to hear of it. */
typedef struct Socket {
  LoopWatch watch; /* first */
  Http *http;
  struct Socket *before, *after;
} Socket;

struct Transfer {
  Http *http; /* NULL: its client is gone */
  CURL *easy;
  struct curl_slist *headers;
  void (*done)(void *owner);
  void *owner;
  bool running, finished;
  bool ending; /* on the way to 'done', or past it */
  bool oversized, out_of_memory;
  bool unwatched;      /* nothing would be heard of its connection */
  bool headed;         /* the answer's headers came to their end */
  int sendings;        /* how often libcurl was about to send the request */
  CURLcode code;       /* how it ended */
  size_t header_bytes; /* of the answer so far */
  size_t max_body;
  HttpResult result;
  double started;
  Transfer *before, *after; /* among those in use, or (after) among the spare */
  Transfer *next_ended;     /* among those that libcurl has ended and 'done' has not heard of */
};

struct Http {
  Loop *loop;
  CURLM *multi;
  LoopTimer timer; /* libcurl's one timer */
  Socket *sockets;
  Transfer *used;  /* running, or finished and not released yet */
  Transfer *ended; /* see Transfer.next_ended */
  Transfer *spare;
  int running_count, spare_count;
  bool unwatched; /* so is some transfer */
  bool http2;
  char *ca_file, *proxy;
};

/* ---- what libcurl calls ---- */

/* libcurl's own sockets would be inherited by every program that the strategy starts. */
static curl_socket_t on_open_socket(void *owner, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)owner, (void)purpose;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* The request is about to go out. Once is what a transfer is; the second time (a kept connection died before its
** answer) the request may have been received, and only the caller may know whether sending again is safe. */
static int on_prereq(void *owner, char *remote, char *local, int remote_port, int local_port) {
  Transfer *t = owner;
  (void)remote, (void)local, (void)remote_port, (void)local_port;
  if (t->sendings == 0) t->result.lead = loop_real_now(t->http->loop) - t->started;
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

static size_t on_header(char *data, size_t one, size_t size, void *owner) {
  Transfer *t = owner;
  (void)one;
  t->header_bytes += size;
  if (t->header_bytes > MAX_HEADERS) {
    t->oversized = true;
    return 0;
  }
  if (size >= 5 &&
      memcmp(data, "HTTP/", 5) == 0) { /* a status line: what came before was an interim answer */
    bytes_clear(&t->result.headers);
    t->headed = false;
    return size;
  }
  if (size <= 2) { /* the empty line at their end */
    t->headed = true;
    return size;
  }
  return keep(t, &t->result.headers, data, size) ? size : 0;
}

static void drain(Http *http, bool all);

static void on_socket_ready(LoopWatch *watch, int events) {
  Http *http = ((Socket *)watch)->http; /* the Socket may go during the call */
  int flags = (events & LOOP_READ ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
  int still;
  drain(http, curl_multi_socket_action(http->multi, watch->fd, flags, &still) != CURLM_OK);
}

static void on_timer(LoopTimer *timer) {
  Http *http = (Http *)((char *)timer - offsetof(Http, timer));
  int still;
  drain(http, curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &still) != CURLM_OK);
}

static int on_timer_wanted(CURLM *multi, long ms, void *owner) {
  Http *http = owner;
  (void)multi;
  if (ms < 0)
    loop_timer_stop(http->loop, &http->timer);
  else
    loop_timer_start(http->loop, &http->timer, (double)ms / 1000);
  return 0;
}

static void socket_forget(Http *http, Socket *s) {
  loop_unwatch(http->loop, &s->watch);
  if (s->before == NULL)
    http->sockets = s->after;
  else
    s->before->after = s->after;
  if (s->after != NULL) s->after->before = s->before;
  free(s);
}

static Socket *socket_remember(Http *http, curl_socket_t fd) {
  Socket *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->http = http;
  s->watch.ready = on_socket_ready;
  s->after = http->sockets;
  if (s->after != NULL) s->after->before = s;
  http->sockets = s;
  curl_multi_assign(http->multi, fd, s);
  return s;
}

/* A failure here is no failure for libcurl's ears: it would declare the whole multi handle dead and stop its timer, so
** that no transfer ever ended. This one ends as soon as libcurl is done. */
static void note_unwatched(Http *http, CURL *easy) {
  Transfer *t = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
  if (t == NULL) return; /* a handle of libcurl's own */
  t->unwatched = http->unwatched = true;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *owner, void *assigned) {
  Http *http = owner;
  Socket *s = assigned;
  if (what == CURL_POLL_REMOVE) {
    if (s != NULL) {
      curl_multi_assign(http->multi, fd, NULL);
      socket_forget(http, s);
    }
    return 0;
  }
  if (s == NULL) s = socket_remember(http, fd);
  int events = (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0);
  if (s == NULL || !loop_watch(http->loop, &s->watch, fd, events)) note_unwatched(http, easy);
  return 0;
}

/* ---- the end of a transfer ---- */

static HttpError error_of(const Transfer *t) {
  if (t->oversized) return HTTP_TOO_LARGE;
  if (t->out_of_memory || t->unwatched) return HTTP_MEMORY;
  switch (t->code) {
  case CURLE_OK: return t->headed ? HTTP_OK : HTTP_NETWORK; /* libcurl takes half the headers for an answer */
  case CURLE_OUT_OF_MEMORY: return HTTP_MEMORY;
  case CURLE_OPERATION_TIMEDOUT: return HTTP_TIMEOUT;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_CRL_BADFILE:
  case CURLE_SSL_ENGINE_INITFAILED:
  case CURLE_SSL_ENGINE_NOTFOUND:
  case CURLE_SSL_ENGINE_SETFAILED:
  case CURLE_SSL_INVALIDCERTSTATUS:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
  case CURLE_SSL_SHUTDOWN_FAILED:
  case CURLE_USE_SSL_FAILED: return HTTP_TLS;
  default: return HTTP_NETWORK;
  }
}

/* libcurl quotes a proxy that it cannot use, with its user and password. */
static bool tells_password(const Transfer *t) {
  const char *proxy = t->http->proxy, *end = proxy == NULL ? NULL : strrchr(proxy, '@');
  if (end == NULL) return false;
  const char *user = strstr(proxy, "://");
  user = user == NULL || user > end ? proxy : user + 3;
  size_t size = (size_t)(end - user);
  const char *colon = memchr(user, ':', size);
  if (colon != NULL) size = (size_t)(colon + 1 - user);
  return memmem(t->result.message, strlen(t->result.message), user, size) != NULL;
}

static void explain(Transfer *t, HttpError error) {
  char *message = t->result.message;
  const char *words = NULL;
  if (error == HTTP_OK)
    message[0] = '\0';
  else if (error == HTTP_TOO_LARGE)
    words = t->header_bytes > MAX_HEADERS ? "the answer's headers are too large"
                                          : "the answer's body is too large";
  else if (error == HTTP_CANCELLED)
    words = "cancelled";
  else if (error == HTTP_MEMORY)
    words = "not enough memory";
  else if (t->sendings > 1)
    words = "the connection closed before the answer";
  else if (t->code == CURLE_OK)
    words =
        t->headed ? "no answer came but interim ones" : "the connection closed inside the answer's headers";
  else if (message[0] == '\0' || tells_password(t))
    words = curl_easy_strerror(t->code);
  if (words != NULL) {
    strncpy(message, words, sizeof t->result.message - 1);
    message[sizeof t->result.message - 1] = '\0';
  }
}

static void unlink_used(Http *http, Transfer *t) {
  if (t->before == NULL)
    http->used = t->after;
  else
    t->before->after = t->after;
  if (t->after != NULL) t->after->before = t->before;
  t->before = t->after = NULL;
}

/* The request's headers hold the key and the signature. */
static void drop_headers(Transfer *t) {
  for (struct curl_slist *h = t->headers; h != NULL; h = h->next) wipe(h->data, strlen(h->data));
  curl_slist_free_all(t->headers);
  t->headers = NULL;
}

/* Takes what libcurl knows, and the handle out of its multi: for one in mid-answer that closes the connection. */
static void settle(Transfer *t, HttpError error) {
  long status = 0;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(t->http->multi, t->easy);
  t->running = false;
  t->http->running_count--;
  loop_busy(t->http->loop, -1);
  if (error == HTTP_OK && status < 200)
    error = HTTP_NETWORK; /* to libcurl an interim answer may be the last */
  t->result.error = error;
  t->result.sent = t->sendings > 0;
  t->result.status = (int)status;
  t->result.duration = loop_real_now(t->http->loop) - t->started;
  explain(t, error);
  drop_headers(t);
  t->finished = true;
}

static void forget_ended(Transfer *t) {
  for (Transfer **at = &t->http->ended; *at != NULL; at = &(*at)->next_ended)
    if (*at == t) {
      *at = t->next_ended;
      return;
    }
}

/* Puts at 'end' of the list of the ended what libcurl will not end: 'all' that run, or those unwatched. */
static void end_lost(Http *http, bool all, Transfer **end) {
  for (Transfer *t = http->used; t != NULL; t = t->after) {
    if (!t->running || t->ending || !(all || t->unwatched)) continue;
    t->ending = true;
    t->code = CURLE_OUT_OF_MEMORY;
    t->next_ended = NULL;
    *end = t;
    end = &t->next_ended;
  }
  http->unwatched = false;
}

/* Hands over what has ended; 'all': libcurl can go on with none. The messages are drained before a handle is removed,
** since removing one discards messages; 'done' comes last, when libcurl and the lists are at rest. */
static void drain(Http *http, bool all) {
  Transfer **end = &http->ended;
  while (*end != NULL) end = &(*end)->next_ended;
  CURLMsg *m;
  int left;
  while ((m = curl_multi_info_read(http->multi, &left)) != NULL) {
    if (m->msg != CURLMSG_DONE) continue;
    Transfer *t = NULL;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
    t->code = m->data.result;
    t->ending = true;
    t->next_ended = NULL;
    *end = t;
    end = &t->next_ended;
  }
  if (all || http->unwatched) end_lost(http, all, end);
  for (Transfer *t = http->ended; t != NULL; t = t->next_ended)
    if (t->running) settle(t, error_of(t));
  while (http->ended != NULL) {
    Transfer *t = http->ended;
    http->ended = t->next_ended;
    t->done(t->owner);
  }
}

/* ---- starting one ---- */

/* What every transfer of a client has in common; set once per handle. */
static bool set_fixed(Http *http, Transfer *t) {
  CURL *e = t->easy;
  CURLcode bad = CURLE_OK;
#define SET(option, value) bad |= curl_easy_setopt(e, option, value)
  SET(CURLOPT_PRIVATE, t);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_QUICK_EXIT, 1L);
  SET(CURLOPT_NOPROGRESS, 1L);
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
  SET(CURLOPT_HTTP09_ALLOWED, 0L);
  SET(CURLOPT_HTTP_VERSION, http->http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
  SET(CURLOPT_PIPEWAIT, http->http2 ? 1L : 0L);
  SET(CURLOPT_MAXAGE_CONN, (long)MAX_IDLE);
  SET(CURLOPT_TCP_KEEPALIVE, 1L);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  SET(CURLOPT_USERAGENT, "bybit-lua");
  SET(CURLOPT_ERRORBUFFER, t->result.message);
  SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  SET(CURLOPT_PREREQFUNCTION, on_prereq);
  SET(CURLOPT_PREREQDATA, t);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, t);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, t);
  if (http->ca_file != NULL) SET(CURLOPT_CAINFO, http->ca_file);
  return bad == CURLE_OK;
}

static long milliseconds(double seconds) {
  double ms = seconds * 1000;
  return ms < 1 ? 1 : ms > 1e9 ? (long)1e9 : (long)ms; /* libcurl takes 0 for "no timeout" */
}

static bool set_request(Transfer *t, const HttpRequest *r) {
  CURL *e = t->easy;
  CURLcode bad = CURLE_OK;
  bool post = strcmp(r->verb, "POST") == 0;
  for (size_t i = 0; i < r->header_count; i++) {
    struct curl_slist *more = curl_slist_append(t->headers, r->headers[i]);
    if (more == NULL) return false;
    t->headers = more;
  }
  if (post) { /* no wait for "100 Continue", however long the body */
    struct curl_slist *more = curl_slist_append(t->headers, "Expect:");
    if (more == NULL) return false;
    t->headers = more;
  }
  SET(CURLOPT_URL, r->url);
  SET(CURLOPT_REQUEST_TARGET, url_target(r->url));
  SET(CURLOPT_HTTPHEADER, t->headers);
  if (post) {
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_size);
    SET(CURLOPT_COPYPOSTFIELDS, r->body == NULL ? "" : r->body);
  } else
    SET(CURLOPT_HTTPGET, 1L);
  SET(CURLOPT_TIMEOUT_MS, milliseconds(r->timeout));
  SET(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(r->connect_timeout));
  SET(CURLOPT_ACCEPT_ENCODING, r->gzip ? "gzip" : NULL);
  SET(CURLOPT_PROXY, t->http->proxy);
  SET(CURLOPT_NOPROXY, url_is_loopback(r->url) ? "*" : NULL);
#undef SET
  return bad == CURLE_OK;
}

static void transfer_free(Transfer *t) {
  drop_headers(t);
  curl_easy_cleanup(t->easy);
  bytes_free(&t->result.headers);
  bytes_free(&t->result.body);
  free(t);
}

/* A transfer at rest: one used before, whose handle keeps its settings, or a new one. */
static Transfer *transfer_get(Http *http) {
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

/* To rest: nothing of the request stays, neither here nor in libcurl's handle. */
static void transfer_put(Transfer *t) {
  Http *http = t->http;
  if (http->spare_count >= MAX_SPARE) {
    transfer_free(t);
    return;
  }
  drop_headers(t);
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
  curl_easy_setopt(t->easy, CURLOPT_URL, NULL);
  curl_easy_setopt(t->easy, CURLOPT_REQUEST_TARGET, NULL);
  bytes_free(&t->result.headers);
  bytes_free(&t->result.body);
  CURL *easy = t->easy;
  *t = (Transfer){.http = http, .easy = easy, .after = http->spare};
  http->spare = t;
  http->spare_count++;
}

Transfer *http_start(Http *http, const HttpRequest *request, void (*done)(void *owner), void *owner,
                     const char **why) {
  Transfer *t = transfer_get(http);
  if (t == NULL) {
    *why = "not enough memory";
    return NULL;
  }
  t->done = done;
  t->owner = owner;
  t->max_body = request->max_body;
  CURLMcode added = CURLM_OUT_OF_MEMORY;
  if (set_request(t, request)) added = curl_multi_add_handle(http->multi, t->easy);
  if (added != CURLM_OK) {
    *why = added == CURLM_OUT_OF_MEMORY ? "not enough memory" : curl_multi_strerror(added);
    transfer_put(t);
    return NULL;
  }
  t->running = true;
  t->started = loop_real_now(http->loop);
  t->after = http->used;
  if (t->after != NULL) t->after->before = t;
  http->used = t;
  http->running_count++;
  loop_busy(http->loop, 1);
  return t;
}

/* ---- a transfer from outside ---- */

void http_cancel(Transfer *t) {
  if (t->http == NULL || !t->running) return;
  forget_ended(t);
  settle(t, HTTP_CANCELLED);
  t->done(t->owner);
}

bool http_done(const Transfer *t) {
  return t->finished;
}

HttpResult *http_result(Transfer *t) {
  return &t->result;
}

void http_release(Transfer *t) {
  if (t == NULL) return;
  Http *http = t->http;
  if (http == NULL) {
    transfer_free(t);
    return;
  }
  forget_ended(t);
  if (t->running) settle(t, HTTP_CANCELLED);
  unlink_used(http, t);
  transfer_put(t);
}

int http_in_flight(const Http *http) {
  return http->running_count;
}

/* ---- a client's transport ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started;

static void start_libcurl(void) {
  started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool copy(char **out, const char *text) {
  if (text == NULL) return true;
  *out = strdup(text);
  return *out != NULL;
}

static bool set_multi(Http *http, const HttpOptions *o) {
  long connections = o->connections > 0 ? o->connections : 16;
  CURLM *m = http->multi;
  return curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket_wanted) == CURLM_OK &&
         curl_multi_setopt(m, CURLMOPT_SOCKETDATA, http) == CURLM_OK &&
         curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer_wanted) == CURLM_OK &&
         curl_multi_setopt(m, CURLMOPT_TIMERDATA, http) == CURLM_OK &&
         curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, connections) == CURLM_OK &&
         curl_multi_setopt(m, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections) == CURLM_OK;
}

Http *http_new(Loop *loop, const HttpOptions *options, const char **why) {
  pthread_once(&once, start_libcurl);
  *why = started == CURLE_OK ? "not enough memory" : curl_easy_strerror(started);
  if (started != CURLE_OK) return NULL;
  Http *http = calloc(1, sizeof *http);
  if (http == NULL) return NULL;
  http->loop = loop;
  http->http2 = options->http2;
  http->timer.fire = on_timer;
  http->multi = curl_multi_init();
  if (http->multi != NULL && set_multi(http, options) && copy(&http->ca_file, options->ca_file) &&
      copy(&http->proxy, options->proxy))
    return http;
  http_free(http);
  return NULL;
}

void http_free(Http *http) {
  if (http == NULL) return;
  while (http->used != NULL) {
    Transfer *t = http->used;
    http_cancel(t);
    if (http->used != t) continue; /* 'done' released it */
    unlink_used(http, t);
    t->http = NULL; /* its owner releases it some day */
  }
  while (http->spare != NULL) {
    Transfer *t = http->spare;
    http->spare = t->after;
    transfer_free(t);
  }
  curl_multi_cleanup(http->multi);
  while (http->sockets != NULL) socket_forget(http, http->sockets); /* NOLINT: the first has none before it */
  loop_timer_stop(http->loop, &http->timer);
  free(http->ca_file);
  if (http->proxy != NULL) wipe(http->proxy, strlen(http->proxy)); /* there may be a password in it */
  free(http->proxy);
  free(http);
}
