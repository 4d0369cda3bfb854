#include "vantagate_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"

static const char *
nothing(const struct call *call, const char *name)
{
	(void)call;
	(void)name;
	return NULL;
}

static const struct route *
route_of(const char *line)
{
	const char *path = strchr(line, ' ') + 1;

	for (size_t i = 0; i < dialect_vantagate.routes_n; i++) {
		if (strcmp(dialect_vantagate.routes[i].path, path) == 0) {
			return &dialect_vantagate.routes[i];
		}
	}
	fail_msg("no route %s", line);
	return NULL;
}

static void
drop(void *root)
{
	json_decref(root);
}

json_t *
vantagate_json(struct arena *a, const char *text)
{
	json_t *root = NULL;
	struct fault f = {0};

	if (json_read(text, strlen(text), &root, &f) != RC_OK) {
		fail_msg("%s: %s", f.text, text);
	}
	arena_defer(a, drop, root);
	return root;
}

struct call *
vantagate_call(struct arena *a, const char *line, const char *body)
{
	struct call *call = arena_alloc(a, sizeof(*call));

	*call = (struct call){.arena = a,
	    .dialect = &dialect_vantagate,
	    .route = route_of(line),
	    .body = vantagate_json(a, body),
	    .query = nothing,
	    .header = nothing,
	    .public_url = "https://gate.example.com",
	    .upgrade_url = "https://gate.example.com/plans"};
	return call;
}
