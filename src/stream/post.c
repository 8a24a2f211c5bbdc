/*
** post.h. There is one post in a Lua state, and it outlives all channels there.
*/
#include "post.h"
#include "value/bytes.h"
#include "wire/sign.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

typedef enum LetterKind { LETTER_OPEN, LETTER_TEXT, LETTER_CLOSE } LetterKind;

typedef struct Letter { /* what a line sends */
  LetterKind kind;
  int64_t line; /* its number */
  struct Letter *next;
  size_t size;
  char text[];
} Letter;

typedef struct PostLine {
  struct Post *post;
  int64_t number;
  LinkEvents events;
  size_t max;
  bool open, closed, ended; /* closed: its letter is sent */
  struct PostLine *next, **link;
} PostLine;

typedef struct Post {
  Letter *first, **end; /* owned */
  PostLine *lines;      /* owned by channels */
  int64_t count;        /* lines that were opened */
} Post;

static const char post_key; /* its address is the key of the state's post, in the registry */

static Post *post_of(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &post_key);
  Post *post = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return post;
}

/* ---- what channels call ---- */

static bool put(Post *post, LetterKind kind, int64_t line, const char *text, size_t size) {
  Letter *letter = malloc(sizeof *letter + size);
  if (letter == NULL) return false;
  *letter = (Letter){.kind = kind, .line = line, .size = size};
  if (size > 0) memcpy(letter->text, text, size);
  *post->end = letter;
  post->end = &letter->next;
  return true;
}

static void hang_up(PostLine *l) {
  l->open = false;
  if (!l->closed && !l->ended) (void)put(l->post, LETTER_CLOSE, l->number, "", 0);
  l->closed = true;
}

static void free_letter(Letter *letter) {
  wipe(letter->text, letter->size); /* a login is signed */
  free(letter);
}

static void free_line(Line *line) {
  PostLine *l = (PostLine *)line;
  if (l == NULL) return;
  hang_up(l);
  *l->link = l->next;
  if (l->next != NULL) l->next->link = l->link;
  free(l);
}

static Line *open_line(void *owner, Loop *loop, const LinkOptions *options, const LinkEvents *events,
                       const char **why) {
  (void)loop;
  Post *post = owner;
  PostLine *l = malloc(sizeof *l);
  *why = "not enough memory";
  if (l == NULL) return NULL;
  *l = (PostLine){.post = post,
                  .number = ++post->count,
                  .events = *events,
                  .max = options->max,
                  .next = post->lines,
                  .link = &post->lines};
  if (l->next != NULL) l->next->link = &l->next;
  post->lines = l;
  if (put(post, LETTER_OPEN, l->number, options->url, strlen(options->url))) return (Line *)l;
  l->ended = true;
  free_line((Line *)l);
  return NULL;
}

static bool text_on(Line *line, const char *text, size_t size) {
  PostLine *l = (PostLine *)line;
  return l->open && put(l->post, LETTER_TEXT, l->number, text, size);
}

/* The other side answers with the end of the line. */
static void close_line(Line *line, int code) {
  (void)code;
  hang_up((PostLine *)line);
}

Carrier post_carrier(lua_State *L) {
  return (Carrier){.open = open_line,
                   .text = text_on,
                   .close = close_line,
                   .free = free_line,
                   .owner = post_of(L),
                   .timed = true};
}

/* ---- what the program that plays the network calls ---- */

static const char *const kinds[] = {[LETTER_OPEN] = "open", [LETTER_TEXT] = "text", [LETTER_CLOSE] = "close"};

/* sent() -> line, kind, text: takes the oldest thing that a line has sent; nothing where nothing waits. "open": the text is the
** url; the line has to be told "open". "close": the line has to be told "ended", if it is there still. */
static int l_sent(lua_State *L) {
  Post *post = post_of(L);
  Letter *letter = post->first;
  if (letter == NULL) return 0;
  lua_pushinteger(L, letter->line);
  lua_pushstring(L, kinds[letter->kind]);
  lua_pushlstring(L, letter->text, letter->size);
  post->first = letter->next;
  if (post->first == NULL) post->end = &post->first;
  free_letter(letter);
  return 3;
}

/* deliver(line, "open" | "text" | "ended" [, text]) -> did it reach the line? */
static int l_deliver(lua_State *L) {
  static const char *const what[] = {"open", "text", "ended", NULL};
  Post *post = post_of(L);
  lua_Integer number = luaL_checkinteger(L, 1);
  int kind = luaL_checkoption(L, 2, NULL, what);
  size_t size;
  const char *text = luaL_optlstring(L, 3, "", &size);
  PostLine *l = post->lines;
  while (l != NULL && l->number != number) l = l->next;
  bool reached = l != NULL && (kind == 0 ? !l->closed : kind == 1 ? l->open : !l->ended);
  lua_pushboolean(L, reached);
  if (!reached) return 1;
  LinkEvents events = l->events;
  if (kind == 0) {
    l->open = true;
    events.open(events.owner);
  } else if (kind == 1 && size <= l->max)
    events.message(events.owner, text, size);
  else { /* too large, or ended */
    l->open = false;
    l->ended = true;
    events.ended(events.owner); /* frees the line */
  }
  return 1;
}

static int l_gc(lua_State *L) {
  Post *post = lua_touserdata(L, 1);
  for (Letter *letter = post->first, *next; letter != NULL; letter = next) {
    next = letter->next;
    free_letter(letter);
  }
  post->first = NULL;
  post->end = &post->first;
  return 0;
}

void post_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"sent", l_sent}, {"deliver", l_deliver}, {NULL, NULL}};
  Post *post = lua_newuserdatauv(L, sizeof *post, 0);
  *post = (Post){.end = &post->first};
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, l_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &post_key);
  luaL_setfuncs(L, functions, 0);
}
