/*
 * Verb audit: events of one intent or of all; and the proof of the chain,
 * which reads the data folder itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "cli_store.h"

static void
print_event(struct cli *c, const json_t *e)
{
	const json_t *data = json_object_get(e, "metadata");
	char *text = json_dumps(data, JSON_COMPACT);
	const char *intent = cli_text(c, e, "intent");

	(void)printf("%s  %-22s %-16s %s%s%s\n", cli_text(c, e, "createdAt"),
	    cli_text(c, e, "eventType"), cli_text(c, e, "actor"), intent,
	    intent[0] != '\0' ? "  " : "",
	    text != NULL ? cli_show(c, text) : "");
	free(text);
}

static int
verify(struct cli *c)
{
	struct config *config;
	struct db *db;
	struct fault f = {0};
	long long events = 0, seq = 0;
	enum rc rc;
	json_t *o;

	if (!cli_reader_open(c, &config, &db)) {
		return CLI_FAILED;
	}
	rc = audit_verify(db, &events, &seq, &f);
	db_close(db);
	config_free(config);
	o = json_pack("{s:b, s:I, s:o, s:s*}", "ok", rc == RC_OK, "events",
	    (json_int_t)events, "first_bad",
	    rc == RC_OK ? json_null() : json_integer(seq), "error",
	    rc == RC_OK ? NULL : f.text);
	if (!cli_print_json(c, o) && rc == RC_OK) {
		(void)printf("ok: %lld events, the chain is whole\n", events);
	}
	json_decref(o);
	return rc == RC_OK ? CLI_OK : cli_fail(CLI_FAILED, "%s", f.text);
}

int
cli_audit(struct cli *c)
{
	const char *id = cli_word(c, 0);
	json_t *o, *e;
	size_t i;
	int code;

	if (id != NULL && strcmp(id, "verify") == 0) {
		return verify(c);
	}
	code = cli_call(c, "GET",
	    id != NULL ? arena_printf(c->arena, "/v1/intents/%s/audit", id)
		       : arena_printf(c->arena, "/v1/audit?limit=%s",
			     c->args.limit != NULL ? c->args.limit : "100"),
	    NULL, &o);
	if (code != CLI_OK) {
		return code;
	}
	if (!cli_print_json(c, o)) {
		json_array_foreach(json_object_get(o, "events"), i, e)
		{
			print_event(c, e);
		}
	}
	json_decref(o);
	return CLI_OK;
}
