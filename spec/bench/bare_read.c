/*
** What reading the bytes of a stream over TLS takes, and nothing more: the limit for the rows about streams. A blocking socket, OpenSSL,
** no frames. It is a contender (contender.lua): it reads how many messages to take, has a pusher (pusher.c) send them by a line in
** its pipe, and writes what they took.
** usage: bare_read PORT CA_FILE PIPE BYTES_OF_A_FRAME
*/
#include "timing.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "bare_read: %s\n", what);
  exit(1);
}

static SSL *connected(const char *port, const char *ca) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)atoi(port))};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("no connection");
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1) fail(ca);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  SSL *ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  if (SSL_connect(ssl) != 1) fail("no handshake");
  return ssl;
}

int main(int argc, char **argv) {
  static const char upgrade[] =
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  static char data[16384];
  if (argc < 5) fail("usage: bare_read PORT CA_FILE PIPE BYTES_OF_A_FRAME");
  SSL *ssl = connected(argv[1], argv[2]);
  FILE *pipe = fopen(argv[3], "w");
  long long each = atoll(argv[4]);
  int count;
  if (pipe == NULL || SSL_write(ssl, upgrade, sizeof upgrade - 1) <= 0 ||
      SSL_read(ssl, data, sizeof data) <= 0)
    fail("no upgrade");
  while (scanf("%d", &count) == 1 && count > 0) {
    const Timing from = timing_now();
    fprintf(pipe, "%d\n", count);
    fflush(pipe);
    for (long long left = each * count; left > 0;) {
      int n = SSL_read(ssl, data, sizeof data);
      if (n <= 0) fail("it has ended");
      left -= n;
    }
    timing_tell(from, count);
  }
  return 0;
}
