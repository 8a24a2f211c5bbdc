/*
** Fuzzes the judgement of the answer to an upgrade. The input is the answer, in which '@' stands for the right key. It is
** judged as it grows byte by byte: before its end there is no verdict but "more", and what follows the end changes nothing.
*/
#include "wire/upgrade.h"

#include <stdint.h>
#include <stdlib.h>

#define MUST(condition)                                                                                      \
  do {                                                                                                       \
    if (!(condition)) abort();                                                                               \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly that size, so that reading behind it is found out. */
static UpgradeVerdict judge(const Upgrade *u, const Bytes *text, size_t size, size_t *used, int *status) {
  const char *why = NULL;
  char *copy = malloc(size == 0 ? 1 : size);
  MUST(copy != NULL);
  if (size > 0) memcpy(copy, text->data, size);
  UpgradeVerdict verdict = upgrade_judge(u, copy, size, used, status, &why);
  MUST(why != NULL && *used <= size && (*status == 0 || (*status >= 0 && *status <= 999)));
  free(copy);
  return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Upgrade u;
  Random random;
  Bytes request = {0}, text = {0};
  size_t used, used_again;
  int status, status_again;
  random_seed(&random, 1);
  MUST(upgrade_request(&u, &random, "host:1", "/path", &request));
  for (size_t i = 0; i < size; i++)
    if (data[i] == '@')
      bytes_text(&text, u.accept);
    else
      bytes_append(&text, &data[i], 1);
  MUST(!text.failed);
  UpgradeVerdict verdict = judge(&u, &text, text.size, &used, &status);
  if (verdict == UPGRADE_DONE)
    MUST(status == 101 && memmem(text.data, used, u.accept, strlen(u.accept)) != NULL);
  if (used > 0) {
    MUST(judge(&u, &text, used, &used_again, &status_again) == verdict && used_again == used &&
         status_again == status);
    verdict = judge(&u, &text, used - 1, &used_again, &status_again);
    MUST(verdict == (used - 1 > UPGRADE_HEAD_MAX ? UPGRADE_WRONG : UPGRADE_MORE));
  }
  bytes_free(&request);
  bytes_free(&text);
  return 0;
}
