/*
** Random numbers, from the system's generator or from xoshiro256** (Blackman, Vigna) with a seed through splitmix64. Why
** there are two is in random.h.
*/
#include "random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void random_system(Random *r) {
  *r = (Random){.seeded = false};
}

/* splitmix64 fills the state, as the authors of xoshiro recommend: it is never all zero. */
void random_seed(Random *r, uint64_t seed) {
  r->seeded = true;
  for (int i = 0; i < 4; i++) {
    uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    r->state[i] = z ^ z >> 31;
  }
}

static uint64_t rotate(uint64_t x, int by) {
  return x << by | x >> (64 - by);
}

/* One step of xoshiro256**. */
static uint64_t next(uint64_t s[4]) {
  uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return result;
}

/* getrandom may give fewer bytes than asked for, or be interrupted by a signal. */
static bool system_bytes(char *out, size_t size) {
  while (size > 0) {
    ssize_t got = getrandom(out, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out += got;
    size -= (size_t)got;
  }
  return true;
}

bool random_bytes(Random *r, void *out, size_t size) {
  if (!r->seeded) return system_bytes(out, size);
  char *to = out;
  while (size > 0) {
    uint64_t bits = next(r->state);
    size_t part = size < sizeof bits ? size : sizeof bits;
    for (size_t i = 0; i < part; i++)
      *to++ = (char)(unsigned char)(bits >> 8 * i); /* the same on every machine */
    size -= part;
  }
  return true;
}

bool random_bits(Random *r, uint64_t *out) {
  if (!r->seeded) return system_bytes((char *)out, sizeof *out);
  *out = next(r->state);
  return true;
}

/* 53 bits are what a double holds, so all results are equally likely. */
bool random_unit(Random *r, double *out) {
  uint64_t bits;
  if (!random_bits(r, &bits)) return false;
  *out = (double)(bits >> 11) * 0x1p-53;
  return true;
}

/* The top draws that would favour some are repeated. */
bool random_integer(Random *r, int64_t low, int64_t high, int64_t *out) {
  uint64_t span = (uint64_t)high - (uint64_t)low, bits;
  if (!random_bits(r, &bits)) return false;
  if (span != UINT64_MAX) {
    uint64_t count = span + 1, excess = (UINT64_MAX % count + 1) % count; /* 2^64 modulo count */
    while (bits > UINT64_MAX - excess)
      if (!random_bits(r, &bits)) return false;
    bits %= count;
  }
  *out = (int64_t)((uint64_t)low + bits);
  return true;
}

bool random_uuid_bytes(Random *r, unsigned char b[16]) {
  if (!random_bytes(r, b, 16)) return false;
  b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* version 4 */
  b[8] = (unsigned char)((b[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
  return true;
}

void random_uuid_text(const unsigned char b[16], char text[37]) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *text++ = '-';
    *text++ = digits[b[i] >> 4];
    *text++ = digits[b[i] & 15];
  }
  *text = '\0';
}

bool random_uuid(Random *r, char text[37]) {
  unsigned char b[16] = {0};
  if (!random_uuid_bytes(r, b)) return false;
  random_uuid_text(b, text);
  return true;
}

/* 252 is the largest multiple of 36 that a byte holds. Bytes from 252 on are drawn again, so that all characters are
** equally likely. */
bool random_id(Random *r, char *text, size_t size) {
  enum { FEW = 64 };
  static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  size_t done = 0;
  while (done < size) {
    /* The system is asked for many at once, as that is slow. With a seed the number decides what comes next, so it stays. */
    unsigned char bytes[256] = {0};
    const size_t drawn = !r->seeded && size - done > FEW ? sizeof bytes : FEW;
    if (!random_bytes(r, bytes, drawn)) return false;
    for (size_t i = 0; i < drawn && done < size; i++)
      if (bytes[i] < 252) text[done++] = alphabet[bytes[i] % 36];
  }
  text[done] = '\0';
  return true;
}
