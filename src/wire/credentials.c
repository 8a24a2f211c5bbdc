/*
** Reads credentials from the environment or a file straight into a session, so that no Lua string ever holds a secret.
** Buffers are wiped before they are freed.
*/
#include "credentials.h"
#include "url.h"
#include "value/json.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  FILE_MAX = 65536,
  BLOCK_MAX = 4 << 20 /* bytes that the variables of a process's start take at most: less than a stack */
};

const char credentials_elsewhere[] = "is for another environment";

/* ---- from the environment ---- */

static const char SECRET_NAME[] = "BYBIT_API_SECRET";
static pthread_mutex_t taking = PTHREAD_MUTEX_INITIALIZER;
static char *taken; /* the secret, once it is out of the environment; guarded by 'taking' */

/* Blots out a variable's text as the process got it at its start, where /proc shows it. That block ends with the name of
** the program; a text elsewhere is the host's own, and may be one that cannot be written. */
static void blot(char *text) {
  const uintptr_t end = (uintptr_t)getauxval(AT_EXECFN), at = (uintptr_t)text;
  if (at < end && end - at < BLOCK_MAX) wipe(text, strlen(text));
}

static bool take(void) {
  char *given = getenv(SECRET_NAME);
  if (given == NULL) return true;
  char *copy = strdup(given);
  if (copy == NULL) return false;
  if (taken != NULL) {
    wipe(taken, strlen(taken));
    free(taken);
  }
  taken = copy;
  unsetenv(SECRET_NAME);
  blot(given);
  return true;
}

bool credentials_hide(void) {
  pthread_mutex_lock(&taking);
  bool fine = take();
  pthread_mutex_unlock(&taking);
  return fine;
}

static bool read_env(Session *s, const char **why) {
  const char *key = getenv("BYBIT_API_KEY");
  if (!take())
    *why = "not enough memory";
  else if (key == NULL || *key == '\0')
    *why = "credentials = \"env\": BYBIT_API_KEY is not set";
  else if (taken == NULL || *taken == '\0')
    *why = "credentials = \"env\": BYBIT_API_SECRET is not set";
  else
    return session_credentials(s, key, taken, strlen(taken), NULL, 0, why);
  return false;
}

bool credentials_env(Session *s, const char **why) {
  pthread_mutex_lock(&taking);
  bool fine = read_env(s, why);
  pthread_mutex_unlock(&taking);
  return fine;
}

/* ---- from a file ---- */

/* Reads the whole file into 'b'. False with '*why' on failure; 'b' may then hold a part of it. O_NONBLOCK: opening a pipe
** would wait for a writer. */
static bool read_file(const char *path, Bytes *b, const char **why) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat st;
  *why = "cannot be read";
  if (fd < 0) return false;
  bool fine = fstat(fd, &st) == 0;
  if (fine && !S_ISREG(st.st_mode)) {
    *why = "is not a regular file";
    fine = false;
  } else if (fine && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    *why = "others can read it: chmod 600";
    fine = false;
  } else if (fine && st.st_size > FILE_MAX) {
    *why = "is too large";
    fine = false;
  }
  fine = fine && bytes_reserve(b, FILE_MAX + 4096); /* at once: growing leaves copies in freed memory */
  while (fine) {
    ssize_t n = read(fd, b->data + b->size, 4096);
    if (n == 0) break;
    fine = n > 0 && b->size + (size_t)n <= FILE_MAX;
    if (n > 0) b->size += (size_t)n;
  }
  close(fd);
  return fine;
}

typedef struct Text { /* the decoded value of a member; owned */
  char *data;
  size_t size;
} Text;

static void text_free(Text *t) {
  if (t->data == NULL) return;
  wipe(t->data, t->size);
  free(t->data);
}

enum { KEY, SECRET, PRIVATE_KEY, ENVIRONMENT, MEMBERS }; /* of the file's object, in the order of 'names' */

/* Reads the members of the object into 'found'; of a member that comes twice the first counts. False when the text is
** not one JSON object, or memory ran out. */
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

static bool is_word_of(const char *words, const char *word) {
  size_t size = strlen(word);
  for (const char *at = words; size > 0 && strchr(word, ' ') == NULL && (at = strstr(at, word)) != NULL; at++)
    if ((at == words || at[-1] == ' ') && (at[size] == '\0' || at[size] == ' ')) return true;
  return false;
}

/* Is it one of the environments, by its name or as an address, however that is spelt? */
static bool is_for(const char *environments, const char *environment) {
  const char *why;
  Url url;
  if (is_word_of(environments, environment)) return true;
  if (!url_read(environment, &url, &why)) return false;
  bool found = is_word_of(environments, url.text);
  url_free(&url);
  return found;
}

bool credentials_file(Session *s, const char *path, const char *environments, const char **why) {
  Bytes b = {0};
  Text found[MEMBERS] = {{0}};
  bool fine = read_file(path, &b, why);
  if (fine && !scan(&b, found)) {
    *why = "is not a JSON object";
    fine = false;
  } else if (fine &&
             (found[KEY].data == NULL || (found[SECRET].data == NULL) == (found[PRIVATE_KEY].data == NULL))) {
    *why = "needs \"key\" and either \"secret\" or \"private_key\"";
    fine = false;
  } else if (fine && found[ENVIRONMENT].data == NULL) {
    *why = "needs \"environment\", so that the key is only sent to its own exchange";
    fine = false;
  } else if (fine && !is_for(environments, found[ENVIRONMENT].data)) {
    *why = credentials_elsewhere;
    fine = false;
  }
  if (fine && strlen(found[KEY].data) != found[KEY].size)
    found[KEY].data[0] = '\0'; /* a zero byte inside: not a key, so it is refused below */
  if (fine)
    fine = session_credentials(s, found[KEY].data, found[SECRET].data, found[SECRET].size,
                               found[PRIVATE_KEY].data, found[PRIVATE_KEY].size, why);
  for (int i = 0; i < MEMBERS; i++) text_free(&found[i]);
  if (b.data != NULL) wipe(b.data, b.capacity);
  bytes_free(&b);
  return fine;
}
