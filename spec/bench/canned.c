/*
** An exchange of canned answers, for measuring clients: HTTP/1.1 on loopback, one thread, little work of its own. A POST is answered as
** a placed order under the client's own id, a list (the path of orders) with the text of a file, any other GET with the time. The limit
** that it announces is a million. It prints its port, and ends when nobody reads its output any more.
** With a file that has the number of a
** process it answers only when that process waits: what a client does then does not depend on who was faster.
** usage: canned [list.json [pid-file]]
*/
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 16 * 1024, HEAD = 1024, PLACED = 256, EVENTS = 64, BACKLOG = 1024 };

typedef struct Connection {
  int socket;
  size_t size; /* bytes of requests that are not answered yet */
  char data[ROOM];
} Connection;

static const char *list =
    "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{},\"retExtInfo\":{},\"time\":1700000000000}";
static size_t list_size;
static const char *pid_file;

static int fail(const char *what) {
  perror(what);
  return 1;
}

static long long milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Sends all of it; the sockets block. */
static int send_all(int socket, const char *data, size_t size) {
  while (size > 0) {
    ssize_t n = send(socket, data, size, MSG_NOSIGNAL);
    if (n <= 0) return 0;
    data += n;
    size -= (size_t)n;
  }
  return 1;
}

/* Writes the head of an answer, with the headers that the exchange sends. Returns its size. */
static size_t write_head(char out[HEAD], size_t body_size, long long now) {
  static unsigned long long count;
  char date[64];
  time_t seconds = (time_t)(now / 1000);
  struct tm t;
  strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&seconds, &t));
  return (size_t)snprintf(
      out, HEAD,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: "
      "%zu\r\nConnection: keep-alive\r\n"
      "Date: %s\r\nTimenow: %lld\r\nTraceid: %032llx\r\nRet_code: 0\r\nX-Bapi-Limit: "
      "1000000\r\nX-Bapi-Limit-Status: 999999\r\n"
      "X-Bapi-Limit-Reset-Timestamp: %lld\r\nX-Cache: Miss from cloudfront\r\n"
      "Via: 1.1 f5e9a8a3c1b24d6ab6c1a7e3d2c4b5a6.cloudfront.net (CloudFront)\r\nX-Amz-Cf-Pop: FRA56-P8\r\n"
      "X-Amz-Cf-Id: WdC0n5yQmJbYc8qJ2hZrT1oXk7vL4sUe9pGfAaBbCcDdEeFfGgHhIi==\r\n\r\n",
      body_size, date, now, ++count, now + 1000);
}

/* The answer to a placed order: its own id is taken from the body of the request. Returns its size. */
static size_t write_placed(char out[PLACED], const char *body, long long now) {
  static unsigned long long count;
  static const char name[] = "\"orderLinkId\":\"";
  const char *id = strstr(body, name);
  int size = 0;
  if (id != NULL) {
    id += sizeof name - 1;
    size = (int)strcspn(id, "\"");
  }
  return (size_t)snprintf(
      out, PLACED,
      "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"orderId\":\"c6f055d9-7f21-4079-913d-%012llx\","
      "\"orderLinkId\":\"%.*s\"},\"retExtInfo\":{},\"time\":%lld}",
      ++count, size < 64 ? size : 0, id == NULL ? "" : id, now);
}

/* Answers one request; none about the symbol SILENT. */
static int answer(const Connection *c, const char *body) {
  char head[HEAD + PLACED], text[PLACED];
  long long now = milliseconds();
  if (strstr(c->data, "symbol=SILENT") != NULL) return 1;
  if (strncmp(c->data, "GET /v5/order/", 14) == 0) {
    size_t size = write_head(head, list_size, now);
    return send_all(c->socket, head, size) && send_all(c->socket, list, list_size);
  }
  size_t body_size = write_placed(text, c->data[0] == 'P' ? body : "", now),
         size = write_head(head, body_size, now);
  memcpy(head + size, text, body_size);
  return send_all(c->socket, head, size + body_size);
}

/* Answers the requests that are complete. False: the connection has ended. */
static int serve(Connection *c) {
  ssize_t n = recv(c->socket, c->data + c->size, ROOM - 1 - c->size, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return 1;
  if (n <= 0) return 0;
  c->size += (size_t)n;
  for (;;) {
    c->data[c->size] = '\0';
    char *end = strstr(c->data, "\r\n\r\n"), *length = strcasestr(c->data, "\r\ncontent-length:");
    if (end == NULL) return c->size < ROOM - 1;
    size_t used = (size_t)(end + 4 - c->data);
    if (length != NULL && length < end) used += strtoul(length + 17, NULL, 10);
    if (used > c->size) return used < ROOM - 1;
    if (!answer(c, end + 4)) return 0;
    memmove(c->data, c->data + used, c->size - used);
    c->size -= used;
  }
}

static int watch(int epoll, int fd, void *owner, unsigned events) {
  struct epoll_event e = {.events = events, .data.ptr = owner};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

static void accept_one(int epoll, int listener) {
  Connection *c = calloc(1, sizeof *c);
  int one = 1;
  if (c == NULL) return;
  c->socket = accept(listener, NULL, NULL);
  setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (c->socket >= 0 && watch(epoll, c->socket, c, EPOLLIN) == 0) return;
  if (c->socket >= 0) close(c->socket);
  free(c);
}

/* Returns when the process of 'pid_file' sleeps, or is not there. */
static void let_wait(void) {
  char path[64];
  long pid = 0;
  FILE *file = fopen(pid_file, "r");
  if (file == NULL) return;
  if (fscanf(file, "%ld", &pid) != 1) pid = 0;
  fclose(file);
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  for (char state = 'R'; state == 'R'; usleep(50)) {
    file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = '?';
    if (file != NULL) fclose(file);
  }
}

/* Serves until nobody reads the output: its end of the pipe then has an error. */
static int run(int epoll, int listener) {
  struct epoll_event events[EVENTS];
  for (;;) {
    int n = epoll_wait(epoll, events, EVENTS, -1);
    if (pid_file != NULL && n > 0) {
      let_wait();
      n = epoll_wait(epoll, events, EVENTS, 0);
    }
    if (n < 0 && errno != EINTR) return fail("epoll_wait");
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      if (c == (void *)&list) return 0;
      if (c == NULL) accept_one(epoll, listener);
      if (c == NULL || serve(c)) continue;
      close(c->socket);
      free(c);
    }
  }
}

static int read_list(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return 0;
  fseek(file, 0, SEEK_END);
  list_size = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(list_size + 1);
  int fine = text != NULL && fread(text, 1, list_size, file) == list_size;
  list = text;
  fclose(file);
  return fine;
}

int main(int argc, char **argv) {
  list_size = strlen(list);
  if (argc > 1 && !read_list(argv[1])) return fail(argv[1]);
  if (argc > 2) pid_file = argv[2];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, BACKLOG) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0)
    return fail("a socket that listens");
  if (watch(epoll, listener, NULL, EPOLLIN) != 0 || watch(epoll, STDOUT_FILENO, &list, 0) != 0)
    return fail("epoll_ctl: canned writes its port into a pipe");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return run(epoll, listener);
}
