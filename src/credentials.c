/*
** Reads credentials from the environment or a file straight into a session, so that no Lua string ever holds
** a secret. Buffers are wiped before they are freed. Messages hold nothing of what was read.
*/
#include "credentials.h"
#include "json.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 65536 };

bool credentials_env(Session *s, const char **why) {
  const char *key = getenv("BYBIT_API_KEY"), *secret = getenv("BYBIT_API_SECRET");
  if (key == NULL || *key == '\0') {
    *why = "credentials = \"env\": BYBIT_API_KEY is not set";
    return false;
  }
  if (secret == NULL || *secret == '\0') {
    *why = "credentials = \"env\": BYBIT_API_SECRET is not set";
    return false;
  }
  return session_credentials(s, key, secret, strlen(secret), NULL, 0, why);
}

/* Reads the whole file into 'b'. */
static bool read_file(const char *path, Bytes *b, const char **why) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  struct stat st;
  *why = "cannot be read";
  if (fd < 0) return false;
  bool fine = fstat(fd, &st) == 0;
  if (fine && !S_ISREG(st.st_mode)) {
    *why = "is no file";
    fine = false;
  } else if (fine && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    *why = "others can read it: chmod 600";
    fine = false;
  } else if (fine && st.st_size > FILE_MAX) {
    *why = "is too large";
    fine = false;
  }
  fine = fine && bytes_reserve(b, FILE_MAX + 4096); /* once, so that no copy is left behind by growing */
  while (fine) {
    ssize_t n = read(fd, b->data + b->size, 4096);
    if (n == 0) break;
    fine = n > 0 && b->size + (size_t)n <= FILE_MAX;
    if (n > 0) b->size += (size_t)n;
  }
  close(fd);
  return fine;
}

typedef struct Text { /* one member's meaning, owned */
  char *data;
  size_t size;
} Text;

static void text_free(Text *t) {
  if (t->data == NULL) return;
  wipe(t->data, t->size);
  free(t->data);
}

enum { KEY, SECRET, PRIVATE_KEY, ENVIRONMENT, MEMBERS };

static bool scan(const Bytes *b, Text found[MEMBERS]) {
  static const char *const names[MEMBERS] = {"key", "secret", "private_key", "environment"};
  JsonScanner s;
  JsonValue key, v;
  json_scan_init(&s, b->data, b->size, 4);
  if (json_scan_value(&s, &v) != JSON_OBJECT) return false;
  int more;
  while ((more = json_scan_member(&s, &key)) == 1) {
    if (json_scan_value(&s, &v) == JSON_ERROR) return false;
    for (int i = 0; i < MEMBERS && v.type == JSON_STRING; i++) {
      if (strlen(names[i]) != key.size || memcmp(names[i], key.text, key.size) != 0 || found[i].data != NULL)
        continue;
      found[i].data = calloc(1, v.size + 1);
      if (found[i].data == NULL) return false;
      found[i].size = json_unescape(&v, found[i].data);
    }
    if (!json_scan_skip(&s, &v)) return false;
  }
  return more == 0 && json_scan_end(&s);
}

bool credentials_file(Session *s, const char *path, const char *environment, const char **why) {
  Bytes b = {0};
  Text found[MEMBERS] = {{0}};
  bool fine = read_file(path, &b, why);
  if (fine && !scan(&b, found)) {
    *why = "is no JSON object";
    fine = false;
  } else if (fine &&
             (found[KEY].data == NULL || (found[SECRET].data == NULL) == (found[PRIVATE_KEY].data == NULL))) {
    *why = "needs \"key\" and either \"secret\" or \"private_key\"";
    fine = false;
  } else if (fine && found[ENVIRONMENT].data == NULL) {
    *why = "needs \"environment\", so that keys meet only the exchange they are for";
    fine = false;
  } else if (fine && environment != NULL && strcmp(found[ENVIRONMENT].data, environment) != 0) {
    *why = "its environment is another";
    fine = false;
  }
  if (fine && strlen(found[KEY].data) != found[KEY].size)
    found[KEY].data[0] = '\0'; /* a zero inside: no key */
  if (fine)
    fine = session_credentials(s, found[KEY].data, found[SECRET].data, found[SECRET].size,
                               found[PRIVATE_KEY].data, found[PRIVATE_KEY].size, why);
  for (int i = 0; i < MEMBERS; i++) text_free(&found[i]);
  if (b.data != NULL) wipe(b.data, b.capacity);
  bytes_free(&b);
  return fine;
}
