#include "dialect_find.h"

#include <string.h>

#include "dialect.h"

static const struct dialect *const dialects[] = {
    &dialect_zehrava,
    &dialect_vantagate,
};

const struct dialect *
dialect_at(size_t i)
{
	return i < ARRAY_LEN(dialects) ? dialects[i] : NULL;
}

const struct dialect *
dialect_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
		if (strcmp(dialects[i]->name, name) == 0) {
			return dialects[i];
		}
	}
	return NULL;
}

const char *
dialect_key_prefix(const char *name)
{
	const struct dialect *d = name != NULL ? dialect_find(name) : NULL;

	return d != NULL ? d->key_prefix : NULL;
}

const struct dialect *
dialect_of_path(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
		const char *prefix = dialects[i]->prefix;
		size_t len = prefix != NULL ? strlen(prefix) : 0;

		if (len > 0 && strncmp(path, prefix, len) == 0 &&
		    (path[len] == '\0' || path[len] == '/')) {
			return dialects[i];
		}
	}
	return dialects[0];
}

int
dialect_status(enum rc rc)
{
	static const int status[RC_COUNT] = {
	    [RC_OK] = 200,
	    [RC_INVALID] = 400,
	    [RC_UNAUTHENTICATED] = 401,
	    [RC_FORBIDDEN] = 403,
	    [RC_NOT_FOUND] = 404,
	    [RC_CONFLICT] = 409,
	    [RC_DUPLICATE] = 409,
	    [RC_EXPIRED] = 410,
	    [RC_TOO_LARGE] = 413,
	    [RC_LIMITED] = 429,
	    [RC_BUSY] = 503,
	    [RC_STORE] = 503,
	    [RC_REMOTE_TEMP] = 502,
	    [RC_REMOTE_PERM] = 502,
	    [RC_UNCERTAIN] = 502,
	    [RC_INTERNAL] = 500,
	};

	return rc < RC_COUNT && status[rc] != 0 ? status[rc] : 500;
}
