/*
** The peer of throughput_bench.lua: the same signed requests over bare libcurl, many easy handles in one multi handle,
** driven by curl_multi_poll. Prints the CPU microseconds of one request, and requests a second.
** usage: bare_multi url path query key secret count in_flight connections
*/
#include "bare.h"

typedef struct Slot {
  CURL *easy;
  struct curl_slist *headers;
  size_t total;
} Slot;

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void start(CURLM *multi, Slot *s, char **argv) {
  curl_slist_free_all(s->headers);
  s->headers = sign(argv[3], argv[4], argv[5]);
  curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
  curl_multi_add_handle(multi, s->easy);
}

static int fail(CURLcode code) {
  fprintf(stderr, "%s\n", curl_easy_strerror(code));
  return 1;
}

/* Runs 'count' requests over the slots. */
static int run(CURLM *multi, Slot *slots, int in_flight, int count, char **argv) {
  int started = 0, done = 0, running, left;
  for (; started < in_flight && started < count; started++) start(multi, &slots[started], argv);
  while (done < count) {
    curl_multi_perform(multi, &running);
    CURLMsg *m;
    while ((m = curl_multi_info_read(multi, &left)) != NULL) {
      Slot *s;
      CURLcode code = m->data.result;
      curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
      curl_multi_remove_handle(multi, s->easy);
      if (code != CURLE_OK) return fail(code);
      done++;
      if (started < count) {
        start(multi, s, argv);
        started++;
      }
    }
    if (done < count) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 9)
    return fprintf(stderr, "usage: bare_multi url path query key secret count in_flight connections\n"), 2;
  char url[2048];
  snprintf(url, sizeof url, "%s%s?%s", argv[1], argv[2], argv[3]);
  int count = atoi(argv[6]), in_flight = atoi(argv[7]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, atol(argv[8]));
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, atol(argv[8]));
  Slot *slots = calloc((size_t)in_flight, sizeof *slots);
  if (slots == NULL) return 1;
  for (int i = 0; i < in_flight; i++) {
    slots[i].easy = curl_easy_init();
    curl_easy_setopt(slots[i].easy, CURLOPT_URL, url);
    curl_easy_setopt(slots[i].easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(slots[i].easy, CURLOPT_WRITEDATA, &slots[i].total);
    curl_easy_setopt(slots[i].easy, CURLOPT_PRIVATE, &slots[i]);
  }
  if (run(multi, slots, in_flight, in_flight, argv) != 0) return 1; /* connections are made */
  double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
  if (run(multi, slots, in_flight, count, argv) != 0) return 1;
  cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  wall = seconds(CLOCK_MONOTONIC) - wall;
  printf("%.2f %.0f\n", cpu / count * 1e6, count / wall);
  for (int i = 0; i < in_flight; i++) {
    curl_easy_cleanup(slots[i].easy);
    curl_slist_free_all(slots[i].headers);
  }
  free(slots);
  curl_multi_cleanup(multi);
  return 0;
}
