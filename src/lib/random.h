/*
 * random: unpredictable bytes and numbers, from getrandom(2).
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stddef.h>

/* Fills p. Aborts if the system cannot give randomness. */
void random_bytes(void *p, size_t n);
/* Uniform in 0 .. n-1; n >= 1. */
unsigned random_below(unsigned n);
/* n random bytes as 2 n lower-case hex digits and NUL. */
void random_hex(char *out, size_t n);
/*
 * n characters of Crockford's base32 alphabet (no I, L, O, U), 5 bits each,
 * and NUL: codes that people read and type.
 */
void random_code(char *out, size_t n);

#endif
