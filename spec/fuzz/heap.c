/*
** Fuzzes the memory of the paper exchange's Lua state. Each pair of bytes makes a block larger or smaller, makes a new one or
** gives one back. Every block keeps its bytes, whatever becomes of the others.
*/
#define PAPER_HEAP_SMALL 512 /* also where sanitizers look on */
#include "../../src/paper/heap.c"

#include <stdint.h>

enum { BLOCKS = 64 };

typedef struct Block {
  unsigned char *bytes; /* NULL: there is none */
  size_t size;
} Block;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned char mark_of(size_t block, size_t i) {
  return (unsigned char)(block * 37 + i);
}

static void check(const Block *b, size_t number, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (b->bytes[i] != mark_of(number, i)) abort();
}

static void resize(PaperHeap *heap, Block *b, size_t number, size_t size) {
  size_t kept = size < b->size ? size : b->size;
  b->bytes = paper_heap_alloc(heap, b->bytes, b->bytes != NULL ? b->size : 5, size);
  if ((b->bytes == NULL) != (size == 0) || (uintptr_t)b->bytes % STEP != 0) abort();
  check(b, number, kept);
  for (size_t i = kept; i < size; i++) b->bytes[i] = mark_of(number, i);
  b->size = size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Block blocks[BLOCKS] = {{0}};
  PaperHeap *heap = paper_heap_new();
  for (size_t i = 0; i + 1 < size; i += 2) {
    size_t number = data[i] % BLOCKS, wanted = data[i + 1] * (size_t)(data[i] / BLOCKS + 1);
    resize(heap, &blocks[number], number, wanted);
  }
  for (size_t number = 0; number < BLOCKS; number++) {
    check(&blocks[number], number, blocks[number].size);
    resize(heap, &blocks[number], number, 0);
  }
  paper_heap_free(heap);
  return 0;
}
