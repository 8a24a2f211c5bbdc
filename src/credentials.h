/* Where credentials come from besides options: the environment, or a file. Knows no Lua; secrets stay in C.
 */
#ifndef BYBIT_CREDENTIALS_H
#define BYBIT_CREDENTIALS_H

#include "session.h"

/* From BYBIT_API_KEY and BYBIT_API_SECRET. */
bool credentials_env(Session *s, const char **why);
/* From a JSON file with key, secret (or private_key) and environment; refused when others can read it, or
** when its environment is not 'environment' (NULL: any). */
bool credentials_file(Session *s, const char *path, const char *environment, const char **why);

#endif
