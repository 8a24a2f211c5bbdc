#include "input.h"

#include <string.h>

void input_skip_space(Input *in) {
  while (in->next < in->end &&
         (*in->next == ' ' || *in->next == '\t' || *in->next == '\n' || *in->next == '\r'))
    in->next++;
}

bool input_take(Input *in, char wanted) {
  input_skip_space(in);
  if (in->next == in->end || *in->next != wanted) return false;
  in->next++;
  return true;
}

bool input_word(Input *in, const char *word, size_t size) {
  if ((size_t)(in->end - in->next) < size || memcmp(in->next, word, size) != 0) return false;
  in->next += size;
  return true;
}

bool input_text(Input *in, const char **text, size_t *size) {
  if (!input_take(in, '"')) return false;
  *text = in->next;
  for (; in->next < in->end; in->next++) {
    unsigned char c = (unsigned char)*in->next;
    if (c == '"') {
      *size = (size_t)(in->next++ - *text);
      return true;
    }
    if (c == '\\' || c < 0x20 || c > 0x7e) return false;
  }
  return false;
}

bool input_ends(Input *in) {
  input_skip_space(in);
  return in->next == in->end;
}
