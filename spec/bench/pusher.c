/*
** A WebSocket server that pushes one message again and again over TLS, for the rows about streams. It serves one connection,
** answers each request of the client with a success, and pushes as many messages as a line of the pipe says: in a TLS record each, or
** in records that are as full as they can be.
** usage: pusher CERTIFICATE KEY MESSAGE_FILE PIPE each|full -> writes its port
*/
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FULL = 16384, MOST = 1 << 16 };

static struct {
  SSL *ssl;
  unsigned char frame[MOST], batch[FULL + MOST]; /* the message with its header; as many as fill a record */
  size_t size;
  int each; /* messages in a batch */
} run;

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "pusher: %s\n", what);
  exit(1);
}

/* A text frame of the server's. Returns its size. */
static size_t frame_of(unsigned char *out, const char *text, size_t size) {
  size_t head = size < 126 ? 2 : 4;
  out[0] = 0x81;
  out[1] = (unsigned char)(size < 126 ? size : 126);
  if (head == 4) out[2] = (unsigned char)(size >> 8), out[3] = (unsigned char)size;
  memcpy(out + head, text, size);
  return head + size;
}

static void write_all(const unsigned char *data, size_t size) {
  if (SSL_write(run.ssl, data, (int)size) <= 0) exit(0); /* the client has gone */
}

static void load(const char *path, int full) {
  static char text[MOST - 16];
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail(path);
  run.size = frame_of(run.frame, text, fread(text, 1, sizeof text, file));
  fclose(file);
  run.each = full && run.size < FULL ? (int)(FULL / run.size) : 1;
  for (int i = 0; i < run.each; i++) memcpy(run.batch + (size_t)i * run.size, run.frame, run.size);
}

static void upgrade(void) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  char request[8192] = "", key[128], answer[512];
  unsigned char digest[SHA_DIGEST_LENGTH], text[64];
  size_t size = 0;
  while (strstr(request, "\r\n\r\n") == NULL) {
    int n = SSL_read(run.ssl, request + size, (int)(sizeof request - size - 1));
    if (n <= 0) exit(0);
    size += (size_t)n;
    request[size] = '\0';
  }
  const char *at = strcasestr(request, "sec-websocket-key: ");
  if (at == NULL || sscanf(at + 19, "%80[^\r]", key) != 1) fail("no key");
  strcat(key, guid);
  SHA1((unsigned char *)key, strlen(key), digest);
  EVP_EncodeBlock(text, digest, sizeof digest);
  int n = snprintf(answer, sizeof answer,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: %s\r\n\r\n",
                   (char *)text);
  write_all((unsigned char *)answer, (size_t)n);
}

/* Answers what the client has sent; its frames are short. */
static void answer(void) {
  unsigned char data[4096], out[512];
  int n = SSL_read(run.ssl, data, sizeof data);
  if (n <= 0) exit(0);
  for (int at = 0; at + 6 <= n;) {
    int size = data[at + 1] & 127, head = size == 126 ? 8 : 6;
    if (size == 126) size = data[at + 2] << 8 | data[at + 3];
    char text[4096] = "", id[64] = "";
    for (int i = 0; i < size && at + head + i < n; i++)
      text[i] = (char)(data[at + head + i] ^ data[at + head - 4 + i % 4]);
    const char *found = strstr(text, "\"req_id\":\"");
    if (found != NULL) sscanf(found + 10, "%60[^\"]", id);
    if ((data[at] & 15) == 8) exit(0);
    snprintf(text, sizeof text,
             "{\"success\":true,\"ret_msg\":\"%s\",\"conn_id\":\"c\",\"req_id\":\"%s\",\"op\":\"%s\"}",
             strstr(text, "ping") ? "pong" : "", id, strstr(text, "ping") ? "ping" : "subscribe");
    write_all(out, frame_of(out, text, strlen(text)));
    at += head + size;
  }
}

static void push(int count) {
  for (; count >= run.each; count -= run.each) write_all(run.batch, (size_t)run.each * run.size);
  for (; count > 0; count--) write_all(run.frame, run.size);
}

static int listening(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1) != 0) fail("no port");
  getsockname(fd, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int main(int argc, char **argv) {
  if (argc < 6) fail("usage: pusher CERTIFICATE KEY MESSAGE_FILE PIPE each|full");
  load(argv[3], strcmp(argv[5], "full") == 0);
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1)
    fail("certificate");
  int at = listening(), fd = accept(at, NULL, NULL), orders = open(argv[4], O_RDWR);
  FILE *lines = fdopen(orders, "r");
  run.ssl = SSL_new(context);
  SSL_set_fd(run.ssl, fd);
  if (lines == NULL || SSL_accept(run.ssl) != 1) fail("no handshake");
  upgrade();
  while (1) {
    struct pollfd polled[2] = {{.fd = fd, .events = POLLIN}, {.fd = orders, .events = POLLIN}};
    if (SSL_pending(run.ssl) == 0) poll(polled, 2, -1);
    if (SSL_pending(run.ssl) > 0 || polled[0].revents != 0) answer();
    int count;
    if ((polled[1].revents & POLLIN) != 0 && fscanf(lines, "%d", &count) == 1) push(count);
  }
}
