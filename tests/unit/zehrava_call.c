#include "zehrava_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"

static const char *
query(const struct call *call, const char *name)
{
	const struct zehrava_asked *a = call->http;

	if (a == NULL) {
		return NULL;
	}
	return strcmp(name, "status") == 0 ? a->status
	    : strcmp(name, "limit") == 0   ? a->limit
	    : strcmp(name, "cursor") == 0  ? a->cursor
	    : strcmp(name, "payload") == 0 ? a->payload
					   : NULL;
}

static const char *
header(const struct call *call, const char *name)
{
	const struct zehrava_asked *a = call->http;

	return a != NULL && strcmp(name, "Idempotency-Key") == 0
	    ? a->idempotency_key
	    : NULL;
}

static void
drop(void *root)
{
	json_decref(root);
}

static json_t *
read_json(struct arena *a, const char *text)
{
	json_t *root = NULL;
	struct fault f = {0};

	if (json_read(text, strlen(text), &root, &f) != RC_OK) {
		fail_msg("%s: %s", f.text, text);
	}
	arena_defer(a, drop, root);
	return root;
}

const struct route *
zehrava_route(const char *line)
{
	const char *path = strchr(line, ' ');

	for (size_t i = 0; i < dialect_zehrava.routes_n; i++) {
		const struct route *r = &dialect_zehrava.routes[i];

		if (strncmp(line, r->method, (size_t)(path - line)) == 0 &&
		    strcmp(path + 1, r->path) == 0) {
			return r;
		}
	}
	fail_msg("no route %s", line);
	return NULL;
}

struct call *
zehrava_call(struct arena *a, const char *line, const char *body,
    const struct zehrava_asked *asked)
{
	struct call *call = arena_alloc(a, sizeof(*call));

	*call = (struct call){
	    .arena = a,
	    .dialect = &dialect_zehrava,
	    .route = zehrava_route(line),
	    .body = read_json(a, body != NULL ? body : "{}"),
	    .query = query,
	    .header = header,
	    .now_ms = 1700000000000,
	    .public_url = "https://gate.example.com",
	};
	if (asked != NULL) {
		call->http = arena_memdup(a, asked, sizeof(*asked));
	}
	return call;
}

json_t *
zehrava_answer_of(struct call *call)
{
	size_t len = 0;
	const char *text = call->route->show(call, &len);

	assert_int_equal(len, strlen(text));
	return read_json(call->arena, text);
}

json_t *
zehrava_at(json_t *root, const char *path)
{
	char name[80];

	while (root != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");

		assert_true(n < sizeof(name));
		memcpy(name, path, n);
		name[n] = '\0';
		root = json_is_array(root)
		    ? json_array_get(root, strtoul(name, NULL, 10))
		    : json_object_get(root, name);
		path += n + (path[n] == '.');
	}
	return root;
}

void
zehrava_assert_at(json_t *root, const char *path, const char *json)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const json_t *v = zehrava_at(root, path);
	const char *got = v != NULL ? json_compact(a, v, NULL) : "absent";

	if (strcmp(got, json) != 0) {
		fail_msg("%s is %s, not %s", path, got, json);
	}
}
