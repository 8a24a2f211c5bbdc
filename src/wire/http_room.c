/*
** Room in connections, for http.c: that no signed request waits inside libcurl, which would send it when its timestamp is
** old. What libcurl holds back, because all connections are full or the only one is being made, is taken out of it and ends
** with HTTP_BUSY. Over HTTP/1.1 libcurl holds nothing back, because the caller starts no more transfers than there are
** connections.
**
** A server says how many requests it takes at once when the first of them is under way already. libcurl knows that number
** then, and tells nobody. So while a new connection is not settled, no further transfer is to be started.
*/
#include "http_parts.h"

#include <string.h>

/* ---- new connections ---- */

void room_opens(Transfer *t) {
  if (t->room.opening) return;
  t->room.opening = true;
  if (!t->http->http2) return;
  t->http->room.unsettled++;
  curl_easy_setopt(t->easy, CURLOPT_VERBOSE, 1L); /* see on_words */
}

void room_settles(Transfer *t) {
  if (!t->room.opening || t->room.settled || !t->http->http2) return;
  t->room.settled = true;
  t->http->room.unsettled--;
  t->http->room.more = true;
  curl_easy_setopt(t->easy, CURLOPT_VERBOSE, 0L);
}

/* Over HTTP/2 the connection is settled when the answer begins. If that takes long, it is settled after the time that it took
** to make the connection: that is longer than the way to the server and back. */
void room_stands(Transfer *t) {
  static const double SHORT = 0.1; /* seconds */
  Http *http = t->http;
  if (!t->room.opening || t->room.settled || !http->http2) return;
  if (t->room.plain)
    room_settles(t);
  else
    loop_timer_start(http->loop, &http->room.settle_timer, t->result.lead > SHORT ? t->result.lead : SHORT);
}

/* A name is looked up for a new connection. */
static int on_resolve(void *resolver, void *reserved, void *owner) {
  (void)resolver, (void)reserved;
  room_opens(owner);
  return 0;
}

/* The words of libcurl are the only way to learn before the answer that HTTP/1.1 was agreed on. Should another release use
** other words, the answer tells. */
static int on_words(CURL *easy, curl_infotype type, char *data, size_t size, void *owner) {
  static const char agreed[] = "accepted http/1.1", none[] = "did not agree";
  Transfer *t = owner;
  (void)easy;
  if (type != CURLINFO_TEXT) return 0;
  if (memmem(data, size, agreed, sizeof agreed - 1) != NULL ||
      memmem(data, size, none, sizeof none - 1) != NULL)
    t->room.plain = true;
  return 0;
}

/* Settles every connection that stands. */
static void on_settle_timer(LoopTimer *timer) {
  Http *http = (Http *)((char *)timer - offsetof(Http, room.settle_timer));
  for (Transfer *t = http->used; t != NULL; t = t->after)
    if (t->running && t->sendings > 0) room_settles(t);
  http_drain(http, false);
}

bool http_has_room(const Http *http, bool urgent) {
  return urgent || http->room.unsettled == 0;
}

void room_tell(Http *http) {
  if (!http->room.more) return;
  http->room.more = false;
  if (http->room.has_room != NULL) http->room.has_room(http->room.owner);
}

/* ---- what libcurl holds back ---- */

/* After an event on a socket libcurl may have looked at that socket's transfers alone. This has it look at all. */
static void on_look_timer(LoopTimer *timer) {
  Http *http = (Http *)((char *)timer - offsetof(Http, room.look_timer));
  int still;
  bool all = curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &still) != CURLM_OK;
  http->room.looked = true;
  http_drain(http, all);
}

/* Does it wait inside libcurl until another has ended, or until the connection of another stands? */
static bool is_held_back(const Transfer *t) {
  return t->room.at_once && t->running && !t->ending && !t->room.opening && t->sendings == 0;
}

/* If it runs alone it is left there, because nothing would start it again. The fresh ones are the first of those in use. */
Transfer **room_end_held_back(Http *http, Transfer **end) {
  int others = http->running_count - 1;
  if (!http->room.looked) return end;
  http->room.looked = false;
  for (Transfer *t = http->used; t != NULL && t->room.fresh; t = t->after) {
    t->room.fresh = false;
    if (!is_held_back(t) || others == 0) continue;
    t->room.busy = t->ending = true;
    t->next_ended = NULL;
    *end = t;
    end = &t->next_ended;
    others--;
  }
  return end;
}

void room_starts(Transfer *t, const HttpRequest *request) {
  Http *http = t->http;
  t->room.fresh = t->room.at_once = request->at_once && http->http2;
  if (t->room.at_once && http->room.look_timer.among == NULL)
    loop_timer_start(http->loop, &http->room.look_timer, 0);
}

/* ---- settings ---- */

bool room_set_fixed(Transfer *t) {
  CURL *e = t->easy;
  return curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_words) == CURLE_OK &&
         curl_easy_setopt(e, CURLOPT_DEBUGDATA, t) == CURLE_OK &&
         curl_easy_setopt(e, CURLOPT_RESOLVER_START_FUNCTION, on_resolve) == CURLE_OK &&
         curl_easy_setopt(e, CURLOPT_RESOLVER_START_DATA, t) == CURLE_OK;
}

/* Others share a connection that is being made, rather than make one each. */
bool room_set_request(Transfer *t, const HttpRequest *r) {
  return !t->http->http2 || curl_easy_setopt(t->easy, CURLOPT_PIPEWAIT, r->urgent ? 0L : 1L) == CURLE_OK;
}

void room_open(Http *http, const HttpOptions *options) {
  http->room.has_room = options->has_room;
  http->room.owner = options->owner;
  http->room.settle_timer.fire = on_settle_timer;
  http->room.look_timer.fire = on_look_timer;
}

void room_close(Http *http) {
  loop_timer_stop(http->loop, &http->room.settle_timer);
  loop_timer_stop(http->loop, &http->room.look_timer);
}
