/*
** The peer of request_bench.lua: the same signed requests over bare libcurl, one easy handle, one connection. Prints
** the CPU microseconds of one request. usage: bare_request url path query key secret count
*/
#include "bare.h"

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  if (argc != 7) return fprintf(stderr, "usage: bare_request url path query key secret count\n"), 2;
  char url[2048];
  size_t total = 0;
  int count = atoi(argv[6]);
  snprintf(url, sizeof url, "%s%s?%s", argv[1], argv[2], argv[3]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL *easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &total);
  double start = 0;
  for (int i = -20; i < count; i++) { /* the first twenty warm up */
    if (i == 0) start = cpu();
    struct curl_slist *headers = sign(argv[3], argv[4], argv[5]);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(easy);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) return fprintf(stderr, "%s\n", curl_easy_strerror(code)), 1;
  }
  printf("%.2f\n", (cpu() - start) / count * 1e6);
  curl_easy_cleanup(easy);
  return total > 0 ? 0 : 1;
}
