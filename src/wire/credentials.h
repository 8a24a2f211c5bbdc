/* Credentials from the environment or a file. Knows no Lua: secrets stay in C. Both functions return false on failure,
** with '*why' set to a static text that holds nothing of what was read. */
#ifndef BYBIT_CREDENTIALS_H
#define BYBIT_CREDENTIALS_H

#include "session.h"

/* Takes key and secret from BYBIT_API_KEY and BYBIT_API_SECRET; the latter as credentials_hide does. */
bool credentials_env(Session *s, const char **why);
/* Takes BYBIT_API_SECRET out of the environment, so that programs started from here do not get it, and keeps it for
** credentials_env. False when memory runs out. */
bool credentials_hide(void);
/* Takes them from a JSON file with "key", "secret" or "private_key", and "environment". Refuses a file that other users
** can read, and one whose environment is none of 'environments': words with a space between them. */
bool credentials_file(Session *s, const char *path, const char *environments, const char **why);

extern const char credentials_elsewhere[]; /* the 'why' of a file that is for another environment */

#endif
