/*
 * Read before every file by clang-tidy, and by nothing else: says what its
 * analyzer cannot see from outside rc.c, that fault_set() returns the rc it is
 * given. Without that every refusal looks as if it might have been RC_OK.
 */
#include "lib/rc.h"

#define fault_set(f, rc, ...) ((void)fault_set(f, rc, __VA_ARGS__), (rc))
