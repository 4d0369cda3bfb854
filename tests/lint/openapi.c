/*
 * Prints the document of one dialect, laid out for reading: what
 * contrib/openapi/ holds.
 *
 * usage: openapi DIALECT
 */
#include <jansson.h>
#include <stdio.h>

#include "dialect_find.h"
#include "openapi.h"

int
main(int argc, char **argv)
{
	const struct dialect *d = argc == 2 ? dialect_find(argv[1]) : NULL;
	struct arena *a = arena_new();
	json_t *document;
	size_t len;

	if (d == NULL) {
		(void)fprintf(stderr, "usage: openapi DIALECT\n");
		return 2;
	}
	document = json_loads(openapi_text(a, d, &len), 0, NULL);
	arena_free(a);
	if (document == NULL ||
	    json_dumpf(document, stdout, JSON_INDENT(2)) != 0) {
		return 1;
	}
	json_decref(document);
	(void)putchar('\n');
	return 0;
}
