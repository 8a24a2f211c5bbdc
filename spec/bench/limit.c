/*
** What bare libcurl takes for the same signed requests, in C: the limit that a client is measured against. It uses what is fastest:
** curl_multi_socket_action with epoll, an HMAC context that got its key once, header nodes that are made once, a body that is not
** copied. Answers are dropped. It is a contender (contender.lua): it reads how many requests to make, and writes what they took.
** usage: limit URL KEY SECRET order|list IN_FLIGHT CONNECTIONS 1.1|2 [CA_FILE]
*/
#include <curl/curl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include "counting.h"
#include "timing.h"

enum { HEADERS = 6, EVENTS = 64, TAILS = 4 };

typedef struct Slot { /* one request in flight */
  CURL *easy;
  struct curl_slist nodes[HEADERS]; /* they point into the texts below, and at constants */
  char stamp[48], sign[96], body[512];
  size_t body_size;
  double started;
} Slot;

static struct {
  CURLM *multi;
  EVP_MAC_CTX *mac;
  int epoll, in_flight;
  double timer; /* when libcurl wants its timeout; negative: never */
  const char *key, *query;
  char key_line[128];
  Slot *slots;
  double *walls; /* of the requests of a round */
  long long count;
} run;

static double span(struct timeval t) {
  return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "limit: %s\n", what);
  exit(1);
}

static size_t swallow(char *data, size_t one, size_t size, void *owner) {
  (void)data, (void)one, (void)owner;
  return size;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *known) {
  (void)easy, (void)owner;
  struct epoll_event e = {.data.fd = fd};
  if (what & CURL_POLL_IN && what != CURL_POLL_REMOVE) e.events |= EPOLLIN;
  if (what & CURL_POLL_OUT && what != CURL_POLL_REMOVE) e.events |= EPOLLOUT;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(run.epoll, EPOLL_CTL_DEL, fd, &e);
    return 0;
  }
  epoll_ctl(run.epoll, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &e);
  curl_multi_assign(run.multi, fd, &run);
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *owner) {
  (void)multi, (void)owner;
  run.timer = ms < 0 ? -1 : timing_seconds(CLOCK_MONOTONIC) + (double)ms / 1000;
  return 0;
}

/* Signs what the slot sends, and starts it. */
static void start(Slot *s) {
  static const char digits[] = "0123456789abcdef";
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  int size = snprintf(s->stamp, sizeof s->stamp, "X-BAPI-TIMESTAMP: %lld",
                      (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000);
  unsigned char mac[32];
  size_t length;
  const char *payload = run.query;
  if (payload == NULL) {
    s->body_size =
        (size_t)snprintf(s->body, sizeof s->body,
                         "{\"category\":\"inverse\",\"symbol\":\"BTCUSD\",\"side\":\"Buy\",\"orderType\":"
                         "\"Limit\",\"qty\":\"1\","
                         "\"price\":\"20000.5\",\"timeInForce\":\"GTC\",\"orderLinkId\":\"lim-%026lld\"}",
                         run.count++);
    payload = s->body;
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)s->body_size);
  }
  if (EVP_MAC_init(run.mac, NULL, 0, NULL) != 1) fail("EVP_MAC_init");
  EVP_MAC_update(run.mac, (unsigned char *)s->stamp + 18, (size_t)size - 18);
  EVP_MAC_update(run.mac, (const unsigned char *)run.key, strlen(run.key));
  EVP_MAC_update(run.mac, (const unsigned char *)"5000", 4);
  EVP_MAC_update(run.mac, (const unsigned char *)payload, strlen(payload));
  EVP_MAC_final(run.mac, mac, &length, sizeof mac);
  for (int i = 0; i < 32; i++) {
    s->sign[13 + 2 * i] = digits[mac[i] >> 4];
    s->sign[14 + 2 * i] = digits[mac[i] & 15];
  }
  s->started = timing_seconds(CLOCK_MONOTONIC);
  curl_multi_add_handle(run.multi, s->easy);
}

static void make_slot(Slot *s, const char *url, const char *version, const char *ca) {
  static char window[] = "X-BAPI-RECV-WINDOW: 5000", type[] = "Content-Type: application/json",
              accept[] = "Accept:";
  char *lines[HEADERS] = {run.key_line, s->stamp, s->sign, window, type, accept};
  strcpy(s->sign, "X-BAPI-SIGN: ");
  for (int i = 0; i < HEADERS; i++)
    s->nodes[i] = (struct curl_slist){lines[i], i + 1 < HEADERS ? &s->nodes[i + 1] : NULL};
  s->easy = curl_easy_init();
  curl_easy_setopt(s->easy, CURLOPT_URL, url);
  curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->nodes);
  curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, swallow);
  curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
  curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION,
                   (long)(version[0] == '2' ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(s->easy, CURLOPT_PIPEWAIT, (long)(version[0] == '2'));
  if (ca != NULL) curl_easy_setopt(s->easy, CURLOPT_CAINFO, ca);
  if (run.query == NULL) curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, s->body);
}

/* Takes the requests that have ended, and starts others in their slots. Returns how many had ended. */
static int take(int started, int done, int count) {
  CURLMsg *m;
  int left, ended = 0;
  while ((m = curl_multi_info_read(run.multi, &left)) != NULL) {
    Slot *s;
    if (m->data.result != CURLE_OK) fail(curl_easy_strerror(m->data.result));
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
    curl_multi_remove_handle(run.multi, s->easy);
    run.walls[done + ended++] = timing_seconds(CLOCK_MONOTONIC) - s->started;
    if (started + ended <= count) start(s);
  }
  return ended;
}

/* Makes 'count' requests. */
static void requests(int count) {
  struct epoll_event events[EVENTS];
  int at_once = count < run.in_flight ? count : run.in_flight, running, done = 0;
  for (int i = 0; i < at_once; i++) start(&run.slots[i]);
  while (done < count) {
    double left = run.timer < 0 ? 1 : run.timer - timing_seconds(CLOCK_MONOTONIC);
    int n = epoll_wait(run.epoll, events, EVENTS, left <= 0 ? 0 : (int)(left * 1000) + 1);
    for (int i = 0; i < n; i++) {
      int bits = (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                 (events[i].events & ~(unsigned)EPOLLOUT ? CURL_CSELECT_IN : 0);
      curl_multi_socket_action(run.multi, events[i].data.fd, bits, &running);
    }
    if (run.timer >= 0 && run.timer <= timing_seconds(CLOCK_MONOTONIC)) {
      run.timer = -1;
      curl_multi_socket_action(run.multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    done += take(done + at_once, done, count);
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* A round: makes 'count' requests, and writes what they took, in microseconds of one. */
static void round_of(int count) {
  static const struct {
    const char *name;
    double part;
  } tails[TAILS] = {{"p50", 0.5}, {"p99", 0.99}, {"p99_9", 0.999}, {"p99_99", 0.9999}};
  run.walls = realloc(run.walls, (size_t)count * sizeof *run.walls);
  struct rusage before;
  getrusage(RUSAGE_SELF, &before);
  double user = span(before.ru_utime), system = span(before.ru_stime);
  double cpu = timing_seconds(CLOCK_PROCESS_CPUTIME_ID), wall = timing_seconds(CLOCK_MONOTONIC);
  counting_zero();
  requests(count);
  counting_dump();
  cpu = timing_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  wall = timing_seconds(CLOCK_MONOTONIC) - wall;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("cpu=%.4f wall=%.4f user=%.4f system=%.4f memory=%ld", cpu / count * 1e6, wall / count * 1e6,
         (span(usage.ru_utime) - user) / count * 1e6, (span(usage.ru_stime) - system) / count * 1e6,
         usage.ru_maxrss * 1024);
  qsort(run.walls, (size_t)count, sizeof *run.walls, ascending);
  for (int i = 0; i < TAILS; i++)
    printf(" %s=%.4f", tails[i].name, run.walls[(int)((count - 1) * tails[i].part)] * 1e6);
  printf(" longest=%.4f\n", run.walls[count - 1] * 1e6);
  fflush(stdout);
}

static void prepare(char **argv) {
  char url[512], digest[] = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                         OSSL_PARAM_construct_end()};
  curl_global_init(CURL_GLOBAL_DEFAULT);
  run.key = argv[2];
  run.mac = EVP_MAC_CTX_new(EVP_MAC_fetch(NULL, "HMAC", NULL));
  if (EVP_MAC_init(run.mac, (unsigned char *)argv[3], strlen(argv[3]), params) != 1) fail("EVP_MAC_init");
  snprintf(run.key_line, sizeof run.key_line, "X-BAPI-API-KEY: %s", run.key);
  if (strcmp(argv[4], "list") == 0) run.query = "category=inverse&symbol=BTCUSD&limit=50";
  snprintf(url, sizeof url, "%s/v5/order/%s%s", argv[1], run.query == NULL ? "create" : "realtime?",
           run.query == NULL ? "" : run.query);
  run.in_flight = atoi(argv[5]);
  run.epoll = epoll_create1(0);
  run.timer = -1;
  run.multi = curl_multi_init();
  curl_multi_setopt(run.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(run.multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(run.multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, atol(argv[6]));
  curl_multi_setopt(run.multi, CURLMOPT_MAXCONNECTS, atol(argv[6]));
  run.slots = calloc((size_t)run.in_flight, sizeof *run.slots);
  for (int i = 0; i < run.in_flight; i++) make_slot(&run.slots[i], url, argv[7], argv[8]);
}

/* Tells the server whom it should let wait, when instructions are counted. */
static void write_pid(const char *path) {
  FILE *file = path == NULL ? NULL : fopen(path, "w");
  if (file == NULL) return;
  fprintf(file, "%d", getpid());
  fclose(file);
}

int main(int argc, char **argv) {
  if (argc < 8) fail("usage: limit URL KEY SECRET order|list IN_FLIGHT CONNECTIONS 1.1|2 [CA_FILE]");
  int count;
  prepare(argv);
  write_pid(getenv("COUNTED"));
  while (scanf("%d", &count) == 1 && count > 0) round_of(count);
  return 0;
}
