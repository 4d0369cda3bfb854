#include "openapi.h"

#include <assert.h>
#include <string.h>

#include "lib/buf.h"
#include "openapi_schema.h"
#include "version.h"

/* What each call is about. */
static const char *const tags[OPS] = {
    [OP_HEALTH] = "service",
    [OP_ABOUT] = "service",
    [OP_METRICS] = "service",
    [OP_AUDIT_LIST] = "service",
    [OP_DELIVERY_LIST] = "service",
    [OP_POLICY_LIST] = "service",
    [OP_NONCE] = "decisions",
    [OP_DECIDE] = "decisions",
    [OP_CANCEL] = "decisions",
    [OP_LINK_SHOW] = "decisions",
    [OP_LINK_DECIDE] = "decisions",
    [OP_SUBMIT] = "intents",
    [OP_INTENT_LIST] = "intents",
    [OP_INTENT_SHOW] = "intents",
    [OP_VERDICT] = "intents",
    [OP_INTENT_AUDIT] = "intents",
    [OP_WEBHOOK_REGISTER] = "intents",
    [OP_EXECUTE] = "executions",
    [OP_EXECUTION_SHOW] = "executions",
    [OP_REPORT] = "executions",
    [OP_DELIVER] = "executions",
    [OP_DOWNLOAD] = "executions",
    [OP_AGENT_REGISTER] = "agents",
    [OP_AGENT_LIST] = "agents",
    [OP_AGENT_SHOW] = "agents",
    [OP_AGENT_SUSPEND] = "agents",
    [OP_AGENT_REVOKE] = "agents",
    [OP_KEY_CREATE] = "keys",
    [OP_KEY_LIST] = "keys",
    [OP_KEY_REVOKE] = "keys",
};

static const char *const about[][2] = {
    {"intents", "What agents want to do, and what became of it."},
    {"decisions", "What people say to it."},
    {"executions", "What follows an approval."},
    {"agents", "Software that asks."},
    {"keys", "What agents and people carry."},
    {"service", "The daemon itself."},
};

static const struct {
	int status;
	const char *says;
} statuses[] = {
    {200, "Done."},
    {201, "Made."},
    {202, "Taken; people are asked."},
    {400, "Something in the request is wrong; nothing was done."},
    {401, "No key, or one that does not count."},
    {402, "The plan of the key does not have this."},
    {403, "This key may not do that."},
    {404, "There is no such thing."},
    {409, "The state does not allow it."},
    {410, "Too late."},
    {413, "Larger than the maximum."},
    {422, "The idempotency key came with another body before."},
    {429, "Too often; Retry-After says when."},
};

static const struct {
	unsigned access;
	const char *name;
} callers[] = {
    {ACCESS_AGENT, "agents"},
    {ACCESS_REVIEWER, "reviewers"},
    {ACCESS_ADMIN, "admins"},
};

static const char *
words_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		if (statuses[i].status == status) {
			return statuses[i].says;
		}
	}
	assert(0 && "a status without words");
	return "";
}

static void
put_parameter(struct json_out *o, const char *name, const char *in)
{
	json_out_object(o, NULL);
	json_out_text(o, "name", name);
	json_out_text(o, "in", in);
	if (strcmp(in, "path") == 0) {
		json_out_bool(o, "required", true);
	}
	openapi_put_raw(o, "schema", "\"type\":\"string\"");
	json_out_end(o);
}

/* What stands behind a colon of the path; words of the query. */
static void
put_parameters(struct json_out *o, const struct route *r)
{
	struct arena *a = o->arena;
	const char *p = r->path;

	json_out_list(o, "parameters");
	while ((p = strchr(p, ':')) != NULL) {
		size_t n = strcspn(++p, "/");

		put_parameter(o, arena_strndup(a, p, n), "path");
	}
	for (p = r->query; p != NULL && *p != '\0';) {
		size_t n = strcspn(p, " ");

		put_parameter(o, arena_strndup(a, p, n), "query");
		p += n + (p[n] == ' ');
	}
	if (r->op == OP_SUBMIT) {
		put_parameter(o, "Idempotency-Key", "header");
	}
	json_out_end(o);
}

static void
put_security(struct json_out *o, const struct route *r)
{
	json_out_list(o, "security");
	if ((r->access & ACCESS_ANYONE) != 0) {
		openapi_put_raw(o, NULL, "");
	}
	if (r->access != ACCESS_ANYONE) {
		openapi_put_raw(o, NULL, "\"bearer\":[]");
		openapi_put_raw(o, NULL, "\"key\":[]");
	}
	json_out_end(o);
}

static const char *
status_name(struct arena *a, int status)
{
	return arena_printf(a, "%d", status);
}

static void
put_refusal(struct json_out *o, const char *status, const char *says)
{
	json_out_object(o, status);
	json_out_text(o, "description", says);
	json_out_object(o, "content");
	json_out_object(o, "application/json");
	openapi_put_raw(o, "schema", "\"$ref\":\"#/components/schemas/Fault\"");
	json_out_end(o);
	json_out_end(o);
	json_out_end(o);
}

static void
put_responses(struct json_out *o, const struct route *r)
{
	json_out_object(o, "responses");
	json_out_object(o, status_name(o->arena, r->status));
	json_out_text(o, "description", words_of(r->status));
	json_out_object(o, "content");
	if (r->show == NULL) {
		openapi_put_raw(o, "application/octet-stream", "");
	} else {
		json_out_object(o, "application/json");
		openapi_put_answer(o, "schema", r->answer);
		json_out_end(o);
	}
	json_out_end(o);
	json_out_end(o);
	for (int i = 0; i < ROUTE_REFUSALS_MAX && r->refusals[i] != 0; i++) {
		put_refusal(o, status_name(o->arena, r->refusals[i]),
		    words_of(r->refusals[i]));
	}
	put_refusal(o, "default",
	    "The service cannot do it now; nothing was done.");
	json_out_end(o);
}

static const char *
who_calls(struct arena *a, const struct route *r)
{
	const char *who = "";

	if ((r->access & ACCESS_ANYONE) != 0) {
		return "No key is needed.";
	}
	for (size_t i = 0; i < ARRAY_LEN(callers); i++) {
		if ((r->access & callers[i].access) != 0) {
			who = arena_printf(a, "%s%s%s", who,
			    who[0] != '\0' ? ", " : "", callers[i].name);
		}
	}
	return arena_printf(a, "For keys of %s.", who);
}

/* "get_v1_intents_id" */
static const char *
operation_id(struct arena *a, const struct route *r)
{
	char *id = arena_printf(a, "%s%s", r->method, r->path);
	char *to = id;

	for (const char *p = id; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z') {
			*to++ = (char)(*p - 'A' + 'a');
		} else if (*p == '/' || *p == '-' || *p == '.') {
			*to++ = '_';
		} else if (*p != ':') {
			*to++ = *p;
		}
	}
	*to = '\0';
	return id;
}

static void
put_operation(struct json_out *o, const struct route *r)
{
	struct arena *a = o->arena;

	json_out_object(o, strcmp(r->method, "GET") == 0 ? "get" : "post");
	json_out_text(o, "operationId", operation_id(a, r));
	json_out_text(o, "summary", r->does);
	json_out_text(o, "description",
	    r->per_minute > 0
		? arena_printf(a, "%s. %s %d requests a minute of one address.",
		      r->does, who_calls(a, r), r->per_minute)
		: arena_printf(a, "%s. %s", r->does, who_calls(a, r)));
	json_out_list(o, "tags");
	json_out_text(o, NULL, tags[r->op]);
	json_out_end(o);
	put_parameters(o, r);
	put_security(o, r);
	if (r->body != NULL) {
		json_out_object(o, "requestBody");
		json_out_bool(o, "required", true);
		json_out_object(o, "content");
		json_out_object(o, "application/json");
		openapi_put_body(o, r->body);
		json_out_end(o);
		json_out_end(o);
		json_out_end(o);
	}
	put_responses(o, r);
	json_out_end(o);
}

/* "/v1/intents/:id" as "/v1/intents/{id}" */
static const char *
path_shown(struct arena *a, const char *path)
{
	CLEANUP(buf_fini) struct buf b = {0};

	while (*path != '\0') {
		size_t n = strcspn(path, ":");

		buf_add(&b, path, n);
		path += n;
		if (*path == ':') {
			n = strcspn(++path, "/");
			buf_printf(&b, "{%.*s}", (int)n, path);
			path += n;
		}
	}
	return arena_strdup(a, buf_str(&b));
}

static void
put_paths(struct json_out *o, const struct dialect *d)
{
	json_out_object(o, "paths");
	for (size_t i = 0; i < d->routes_n; i++) {
		const char *path = d->routes[i].path;
		bool before = false;

		for (size_t k = 0; k < i; k++) {
			before |= strcmp(d->routes[k].path, path) == 0;
		}
		if (before) {
			continue;
		}
		json_out_object(o, path_shown(o->arena, path));
		for (size_t k = i; k < d->routes_n; k++) {
			if (strcmp(d->routes[k].path, path) == 0) {
				put_operation(o, &d->routes[k]);
			}
		}
		json_out_end(o);
	}
	json_out_end(o);
}

static bool
has_tag(const struct dialect *d, const char *tag)
{
	for (size_t i = 0; i < d->routes_n; i++) {
		if (strcmp(tags[d->routes[i].op], tag) == 0) {
			return true;
		}
	}
	return false;
}

static void
put_tags(struct json_out *o, const struct dialect *d)
{
	json_out_list(o, "tags");
	for (size_t i = 0; i < ARRAY_LEN(about); i++) {
		if (has_tag(d, about[i][0])) {
			json_out_object(o, NULL);
			json_out_text(o, "name", about[i][0]);
			json_out_text(o, "description", about[i][1]);
			json_out_end(o);
		}
	}
	json_out_end(o);
}

static void
put_info(struct json_out *o, const struct dialect *d)
{
	json_out_object(o, "info");
	json_out_text(o, "title", d->title);
	json_out_text(o, "version", ASSENT_VERSION);
	json_out_text(o, "summary", "Approvals between agents and people.");
	json_out_text(o, "description",
	    "Agents ask; policies and people decide. Of an answer the members "
	    "that are named are there; further ones may be. assentd(8) tells "
	    "more.");
	openapi_put_raw(o, "contact", "\"name\":\"assent\"");
	openapi_put_raw(o, "license",
	    "\"name\":\"MIT\",\"identifier\":\"MIT\"");
	json_out_end(o);
}

static void
put_components(struct json_out *o, const struct dialect *d)
{
	json_out_object(o, "components");
	json_out_object(o, "securitySchemes");
	openapi_put_raw(o, "bearer", "\"type\":\"http\",\"scheme\":\"bearer\"");
	openapi_put_raw(o, "key",
	    "\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"");
	json_out_end(o);
	json_out_object(o, "schemas");
	openapi_put_answer(o, "Fault", d->fault_members);
	json_out_end(o);
	json_out_end(o);
}

const char *
openapi_text(struct arena *a, const struct dialect *d, size_t *len)
{
	struct json_out o;

	json_out_init(&o, a);
	json_out_object(&o, NULL);
	json_out_text(&o, "openapi", "3.1.0");
	put_info(&o, d);
	json_out_list(&o, "servers");
	openapi_put_raw(&o, NULL, "\"url\":\"/\"");
	json_out_end(&o);
	put_tags(&o, d);
	put_paths(&o, d);
	put_components(&o, d);
	json_out_end(&o);
	return json_out_finish(&o, len);
}
