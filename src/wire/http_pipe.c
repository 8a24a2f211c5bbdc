/*
** http_pipe.h with libcurl's CONNECT_ONLY. The handle has to stay in its multi handle while bytes are carried: without it
** libcurl does not find the connection.
*/
#include "http_pipe.h"
#include "http_parts.h"

bool pipe_set(Transfer *t, const HttpRequest *r) {
  return (r->socket == NULL || curl_easy_setopt(t->easy, CURLOPT_UNIX_SOCKET_PATH, r->socket) == CURLE_OK) &&
         curl_easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK &&
         curl_easy_setopt(t->easy, CURLOPT_HTTPPROXYTUNNEL, 1L) == CURLE_OK &&
         curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK;
}

void pipe_close(Transfer *t) {
  if (!t->open) return;
  t->open = false;
  curl_multi_remove_handle(t->http->multi, t->easy); /* this closes the connection, too */
}

int pipe_fd(Transfer *t) {
  curl_socket_t fd = CURL_SOCKET_BAD;
  if (!t->open || curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK) return -1;
  return fd;
}

PipeStatus pipe_send(Transfer *t, const void *data, size_t size, size_t *sent) {
  *sent = 0;
  if (!t->open) return PIPE_BROKEN;
  CURLcode code = curl_easy_send(t->easy, data, size, sent);
  return code == CURLE_OK ? PIPE_OK : code == CURLE_AGAIN ? PIPE_WAIT : PIPE_BROKEN;
}

PipeStatus pipe_recv(Transfer *t, void *room, size_t size, size_t *got) {
  *got = 0;
  if (!t->open) return PIPE_BROKEN;
  CURLcode code = curl_easy_recv(t->easy, room, size, got);
  if (code == CURLE_OK) return *got > 0 ? PIPE_OK : PIPE_ENDED;
  return code == CURLE_AGAIN ? PIPE_WAIT : PIPE_BROKEN;
}
