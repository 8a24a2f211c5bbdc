/* The text of a request that is read as JSON. */
#ifndef BYBIT_ENGINE_INPUT_H
#define BYBIT_ENGINE_INPUT_H

#include <stdbool.h>
#include <stddef.h>

/* What is read: the next byte, and the end of the text. */
typedef struct Input {
  const char *next, *end;
} Input;

void input_skip_space(Input *in);
bool input_take(Input *in, char wanted); /* takes a byte, and white space before it */
bool input_word(Input *in, const char *word, size_t size);
/* Takes a text, and white space before it; false when it has an escape, or a byte that is not printable ASCII. */
bool input_text(Input *in, const char **text, size_t *size);
bool input_ends(Input *in); /* is there nothing but white space left? */

#endif
