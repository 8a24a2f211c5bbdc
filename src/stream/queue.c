/* What waits for a reader, see queue.h. */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

static void take_out(Queue *q, Entry *e) {
  if (e->before == NULL)
    q->first = e->next;
  else
    e->before->next = e->next;
  if (e->next == NULL)
    q->last = e->before;
  else
    e->next->before = e->before;
  if (e->kind == ENTRY_DATA) q->data--, q->bytes -= e->size;
  free(e);
}

static bool is(const Entry *e, EntryKind kind) {
  return e != NULL && e->kind == kind;
}

bool queue_unsay_live(Queue *q) {
  if (!is(q->last, ENTRY_LIVE)) return false;
  take_out(q, q->last);
  return true;
}

Entry *queue_add(Queue *q, EntryKind kind, int topic, const char *text, size_t size) {
  Entry *e = calloc(1, sizeof *e + size + 1);
  if (e == NULL) return NULL;
  e->kind = kind;
  e->topic = topic;
  e->size = size;
  if (size > 0) memcpy(e->text, text, size);
  e->before = q->last;
  if (q->last == NULL)
    q->first = e;
  else
    q->last->next = e;
  q->last = e;
  if (kind == ENTRY_DATA) q->data++, q->bytes += size;
  return e;
}

bool queue_full(const Queue *q, size_t size) {
  return q->data > 0 && (q->data >= q->most || q->bytes + size > QUEUE_BYTES);
}

Entry *queue_oldest(const Queue *q, int topic) {
  Entry *e = q->first;
  while (e != NULL && (e->kind != ENTRY_DATA || (topic >= 0 && e->topic != topic))) e = e->next;
  return e;
}

void queue_remove(Queue *q, Entry *e) {
  Entry *before = e->before, *next = e->next;
  take_out(q, e);
  if (!is(before, ENTRY_LIVE) || !is(next, ENTRY_STALE)) return;
  take_out(q, before);
  take_out(q, next);
}

void queue_clear(Queue *q) {
  for (Entry *e = q->first, *next; e != NULL; e = next) {
    next = e->next;
    free(e);
  }
  *q = (Queue){.most = q->most};
}
