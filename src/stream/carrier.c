/*
** carrier.h: lines that are links.
*/
#include "carrier.h"

static Line *open_link(void *owner, Loop *loop, const LinkOptions *options, const LinkEvents *events,
                       const char **why) {
  return (Line *)link_new(owner, loop, options, events, why);
}

static bool text_on(Line *line, const char *text, size_t size) {
  return link_text((Link *)line, text, size);
}

static void close_link(Line *line, int code) {
  link_close((Link *)line, code);
}

static void free_link(Line *line) {
  link_free((Link *)line);
}

Carrier socket_carrier(Http *http) {
  return (Carrier){.open = open_link, .text = text_on, .close = close_link, .free = free_link, .owner = http};
}
