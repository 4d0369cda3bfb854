/*
 * mem: allocation that cannot fail.
 *
 * Every size we allocate is bounded by a named maximum, so running out of
 * memory means that the host is broken. The process then logs and aborts: the
 * store is crash-safe, and a restart is safer than a half-handled failure.
 */
#ifndef LIB_MEM_H
#define LIB_MEM_H

#include <stddef.h>

/* Zeroed memory of n * size bytes; overflow aborts. Free with free(). */
void *mem_new(size_t n, size_t size);
/* As realloc for n * size bytes; new bytes are not zeroed. */
void *mem_resize(void *p, size_t n, size_t size);
/* Copies of a string; NULL gives NULL. */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);
/* For CLEANUP: frees what the pointer variable points to. */
void mem_drop(void *pointer_variable);

#endif
