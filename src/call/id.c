/*
** Client order ids for calls that give none: the client's prefix; the time, so that ids of about the same time stand together
** in an index; and so many random characters that no two processes make the same id.
**
** The system is asked for the random characters of several ids at once, since asking takes longer than all else here. They
** are the client's alone: a forked process cannot call with it (check_call).
**
** What is no order has a UUID.
*/
#include "parts.h"

#include <string.h>

enum {
  ID_MAX = 36,     /* the most characters of an id that the exchange accepts */
  RANDOM_MAX = 24, /* the most of them that follow the prefix */
  MOMENT = 8       /* digits */
};

/* Writes the moment as digits in base 36; they suffice until 2059. */
static void write_moment(char *out, int64_t ms) {
  for (int i = MOMENT - 1; i >= 0; i--, ms /= 36) out[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[ms % 36];
}

/* Takes characters of those that were drawn ahead, each once. False: the system gives no random bytes. */
static bool take(Client *client, char *out, size_t size) {
  const size_t all = sizeof client->drawn - 1;
  if (client->drawn_left < size) {
    client->drawn_left = 0;
    if (!random_id(&client->random, client->drawn, all)) return false;
    client->drawn_left = all;
  }
  client->drawn_left -= size;
  memcpy(out, client->drawn + client->drawn_left, size);
  memset(client->drawn + client->drawn_left, 0, size);
  return true;
}

/* With a seed the time is left out, and nothing is drawn ahead, so that a run can be repeated. */
bool call_make_id(Call *c) {
  Client *client = c->client;
  if (c->ep->uuid != NULL) {
    c->e.made_id = c->made_id;
    return random_uuid(&client->random, c->made_id);
  }
  size_t at = strlen(client->id_prefix), end = at + RANDOM_MAX < ID_MAX ? at + RANDOM_MAX : ID_MAX;
  memcpy(c->made_id, client->id_prefix, at);
  if (client->random.seeded) {
    if (!random_id(&client->random, c->made_id + at, end - at)) return false;
  } else {
    write_moment(c->made_id + at, loop_wall(client->loop));
    at += MOMENT;
    if (!take(client, c->made_id + at, end - at)) return false;
  }
  c->made_id[end] = '\0';
  c->e.made_id = c->made_id;
  return true;
}
