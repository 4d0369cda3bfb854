#ifndef ASSENT_LIB_EMBEDDED_H
#define ASSENT_LIB_EMBEDDED_H
/*
 * embedded: files that travel inside the binary.
 *
 * The build turns every file below templates/ ("templates/mail_ask.txt") and
 * the database schema ("schema_sqlite.sql") into constant bytes, so that a
 * daemon needs no folder of its own beside it. The rows live in a generated
 * file, build/<mode>/gen/embedded.c, written by contrib/embed.sh.
 */
#include <stddef.h>

struct embedded {
	const char *name;	   /* as above; static */
	const unsigned char *data; /* len bytes, then a NUL; static */
	size_t len;		   /* bytes, without the NUL */
};

/* The file of that exact name, or NULL. */
const struct embedded *embedded_find(const char *name);
/* The i-th file in order of its name; NULL past the last. */
const struct embedded *embedded_at(size_t i);

#endif
