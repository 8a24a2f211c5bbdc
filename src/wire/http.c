/*
** http.h with libcurl: one multi handle per client, which the loop drives with multi_socket_action. Nothing here blocks.
** libcurl is not allowed to decide some things alone: it may not send a request twice, follow a redirect, use a proxy for
** loopback, raise a signal, or wait for its resolver when a handle is freed.
*/
#include "http.h"
#include "file.h"
#include "http_parts.h"
#include "sign.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what libcurl calls ---- */

static void on_timer(LoopTimer *timer) {
  Http *http = (Http *)((char *)timer - offsetof(Http, timer));
  int still;
  http_drain(http, curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &still) != CURLM_OK);
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

/* ---- the end of a transfer ---- */

/* Of an origin that it was given in parts libcurl makes a text. It says that there is none when memory runs out for that. */
static bool lacks_text(const Transfer *t) {
  static const char words[] = "No URL set";
  return t->code == CURLE_URL_MALFORMAT && t->origin != NULL &&
         strncmp(t->result.message, words, sizeof words - 1) == 0;
}

static HttpError error_of(const Transfer *t) {
  if (t->room.busy) return HTTP_BUSY;
  if (t->oversized) return HTTP_TOO_LARGE;
  if (t->out_of_memory || t->unwatched || lacks_text(t)) return HTTP_MEMORY;
  switch (t->code) {
  case CURLE_OK:
    return t->headed || t->pipe ? HTTP_OK : HTTP_NETWORK; /* libcurl accepts incomplete headers */
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

/* Does libcurl's message quote the proxy's user? It quotes a proxy URL that it cannot use, with user and password. */
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

/* Adds to the message for a certificate that is not trusted how to change whom to trust. */
static void add_trust(Transfer *t) {
  static const CURLcode codes[] = {CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
                                   CURLE_SSL_ISSUER_ERROR};
  bool trust = false;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) trust |= t->code == codes[i];
  char *message = t->result.message;
  size_t size = strlen(message);
  if (trust)
    snprintf(message + size, sizeof t->result.message - size, "; %s",
             t->http->ca_file == NULL
                 ? "the option ca_file names certificates to trust in place of the system's"
                 : "the option ca_file alone tells whom to trust");
}

/* Sets the message. libcurl's own is in the buffer already; it stays unless it is missing, misleading or unsafe. */
static void explain(Transfer *t, HttpError error) {
  char *message = t->result.message;
  const char *words = NULL;
  if (error == HTTP_OK)
    message[0] = '\0';
  else if (error == HTTP_TOO_LARGE)
    words = t->header_bytes > HTTP_HEADERS_MAX ? "the answer's headers are too large"
                                               : "the answer's body is too large";
  else if (error == HTTP_CANCELLED)
    words = "cancelled";
  else if (error == HTTP_BUSY)
    words = "no connection has room";
  else if (error == HTTP_MEMORY)
    words = "not enough memory";
  else if (t->sendings > 1)
    words = "the connection closed before the answer";
  else if (t->code == CURLE_OK)
    words =
        t->headed ? "only interim answers (1xx) came" : "the connection closed inside the answer's headers";
  else if (message[0] == '\0' || tells_password(t))
    words = curl_easy_strerror(t->code);
  if (words != NULL) {
    strncpy(message, words, sizeof t->result.message - 1);
    message[sizeof t->result.message - 1] = '\0';
  }
  if (error == HTTP_TLS && words == NULL) add_trust(t);
}

static void unlink_used(Http *http, Transfer *t) {
  if (t->before == NULL)
    http->used = t->after;
  else
    t->before->after = t->after;
  if (t->after != NULL) t->after->before = t->before;
  t->before = t->after = NULL;
}

/* Completes the result, and takes the handle out of libcurl. In the middle of an answer that closes the connection. */
static void settle(Transfer *t, HttpError error) {
  long status = 0;
  /* until libcurl begins with it, the handle has the status of an earlier one */
  if (t->header_bytes > 0) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  t->open = t->pipe && error == HTTP_OK; /* libcurl keeps its connection as long as it has the handle */
  if (!t->open) curl_multi_remove_handle(t->http->multi, t->easy);
  room_settles(t);
  t->running = false;
  t->http->running_count--;
  loop_busy(t->http->loop, -1);
  if (error == HTTP_OK && status < 200 && !t->pipe)
    error = HTTP_NETWORK; /* libcurl accepts an interim answer as the last */
  t->result.error = error;
  t->result.sent = t->sendings > 0;
  t->result.status = (int)status;
  t->result.duration = loop_real_now(t->http->loop) - t->started;
  explain(t, error);
  t->finished = true;
}

static void forget_ended(Transfer *t) {
  for (Transfer **at = &t->http->ended; *at != NULL; at = &(*at)->next_ended)
    if (*at == t) {
      *at = t->next_ended;
      return;
    }
}

/* Appends to Http.ended, whose end is 'end', the transfers that libcurl will never end: all that run, or the unwatched. */
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

/* Ends what libcurl has ended; with 'all' everything, because the multi handle is broken. All messages are read before a
** handle is removed, because removing one discards messages. 'done' is called last: it may start and release transfers. */
void http_drain(Http *http, bool all) {
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
  end = room_end_held_back(http, end);
  if (all || http->unwatched) end_lost(http, all, end);
  for (Transfer *t = http->ended; t != NULL; t = t->next_ended)
    if (t->running) settle(t, error_of(t));
  while (http->ended != NULL) {
    Transfer *t = http->ended;
    http->ended = t->next_ended;
    t->done(t->owner);
  }
  room_tell(http);
}

/* ---- starting one ---- */

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
  t->pipe = request->pipe;
  CURLMcode added = CURLM_OUT_OF_MEMORY;
  if (transfer_set(t, request)) added = curl_multi_add_handle(http->multi, t->easy);
  if (added != CURLM_OK) {
    *why = added == CURLM_OUT_OF_MEMORY ? "not enough memory" : curl_multi_strerror(added);
    transfer_put(t);
    return NULL;
  }
  t->running = true;
  room_starts(t, request);
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

void http_same(const Http *http, HttpOptions *options) {
  if (http == NULL) return;
  options->ca_file = http->ca_file;
  options->proxy = http->proxy;
}

int http_in_flight(const Http *http) {
  return http->running_count;
}

int http_spares(const Http *http) {
  return http->spare_count;
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
  return sockets_open(http) && curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer_wanted) == CURLM_OK &&
         curl_multi_setopt(m, CURLMOPT_TIMERDATA, http) == CURLM_OK &&
         curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, connections) == CURLM_OK &&
         curl_multi_setopt(m, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections) == CURLM_OK;
}

Http *http_new(Loop *loop, const HttpOptions *options, const char **why) {
  *why = libcurl_open();
  if (*why != NULL) return NULL;
  pthread_once(&once, start_libcurl);
  *why = started == CURLE_OK ? "not enough memory" : curl_easy_strerror(started);
  if (started != CURLE_OK) return NULL;
  if (options->ca_file != NULL && !file_is_readable(options->ca_file)) {
    *why = "option 'ca_file': a file of certificates that can be read expected";
    return NULL;
  }
  Http *http = calloc(1, sizeof *http);
  if (http == NULL) return NULL;
  http->loop = loop;
  http->http2 = options->http2;
  http->spare_max = options->spares > 0 ? options->spares : 32;
  http->timer.fire = on_timer;
  room_open(http, options);
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
    pipe_close(t);
    unlink_used(http, t);
    t->http = NULL; /* its owner still has to release it */
  }
  while (http->spare != NULL) {
    Transfer *t = http->spare;
    http->spare = t->after;
    transfer_free(t);
  }
  curl_multi_cleanup(http->multi);
  sockets_close(http);
  loop_timer_stop(http->loop, &http->timer);
  room_close(http);
  free(http->ca_file);
  if (http->proxy != NULL) wipe(http->proxy, strlen(http->proxy)); /* it may hold a password */
  free(http->proxy);
  free(http);
}
