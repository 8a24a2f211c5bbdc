#include "heap.h"

#include <stdlib.h>
#include <string.h>

/* Larger blocks come from malloc; so do all of them in a build that looks for wrong accesses, which has to see each block. */
#ifndef PAPER_HEAP_SMALL
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PAPER_HEAP_SMALL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define PAPER_HEAP_SMALL 0
#endif
#endif
#endif
#ifndef PAPER_HEAP_SMALL
#define PAPER_HEAP_SMALL 512
#endif

enum {
  SMALL = PAPER_HEAP_SMALL, /* bytes */
  STEP = 16,                /* sizes of small blocks are multiples of it */
  CHUNK = 64 * 1024         /* bytes */
};

typedef struct Spare {
  struct Spare *next;
} Spare;

/* What small blocks are cut from. */
typedef struct Chunk {
  struct Chunk *next;
  _Alignas(STEP) char bytes[CHUNK];
} Chunk;

struct PaperHeap {
  Spare *spare[SMALL / STEP + 1]; /* by size in steps: blocks that were given back */
  Chunk *chunks;                  /* owned: all there are, the newest first */
  char *next, *end;               /* what is left of the newest */
};

static size_t steps(size_t size) {
  return (size + STEP - 1) / STEP;
}

static void put_back(PaperHeap *heap, void *block, size_t size) {
  Spare *spare = block;
  spare->next = heap->spare[steps(size)];
  heap->spare[steps(size)] = spare;
}

/* A small block from a new chunk. What is left of the last one becomes a spare block. */
static void *cut_new(PaperHeap *heap, size_t size) {
  Chunk *chunk = malloc(sizeof *chunk);
  if (chunk == NULL) return NULL;
  while (heap->end - heap->next >= STEP) {
    size_t left = (size_t)(heap->end - heap->next);
    if (left > SMALL) left = SMALL;
    put_back(heap, heap->next, left);
    heap->next += left;
  }
  chunk->next = heap->chunks;
  heap->chunks = chunk;
  heap->next = chunk->bytes + size;
  heap->end = chunk->bytes + CHUNK;
  return chunk->bytes;
}

static void *take(PaperHeap *heap, size_t size) {
  if (size > SMALL) return malloc(size);
  Spare *spare = heap->spare[steps(size)];
  if (spare != NULL) {
    heap->spare[steps(size)] = spare->next;
    return spare;
  }
  size = steps(size) * STEP;
  if ((size_t)(heap->end - heap->next) < size) return cut_new(heap, size);
  char *block = heap->next;
  heap->next += size;
  return block;
}

static void give_back(PaperHeap *heap, void *block, size_t size) {
  if (size > SMALL)
    free(block);
  else if (size > 0)
    put_back(heap, block, size);
}

/* Lua never expects that a block cannot become smaller: when there is no memory for the smaller one, the block stays. */
void *paper_heap_alloc(void *owner, void *block, size_t old_size, size_t size) {
  PaperHeap *heap = owner;
  if (block == NULL)
    return size > 0 ? take(heap, size) : NULL; /* 'old_size' says what kind of object it is */
  if (size == 0) {
    give_back(heap, block, old_size);
    return NULL;
  }
  if (old_size > SMALL && size > SMALL) return realloc(block, size);
  if (old_size <= SMALL && size <= SMALL && steps(size) == steps(old_size)) return block;
  void *moved = take(heap, size);
  if (moved == NULL) return size < old_size ? block : NULL;
  memcpy(moved, block, size < old_size ? size : old_size);
  give_back(heap, block, old_size);
  return moved;
}

PaperHeap *paper_heap_new(void) {
  return calloc(1, sizeof(PaperHeap));
}

void paper_heap_free(PaperHeap *heap) {
  if (heap == NULL) return;
  while (heap->chunks != NULL) {
    Chunk *next = heap->chunks->next;
    free(heap->chunks);
    heap->chunks = next;
  }
  free(heap);
}
