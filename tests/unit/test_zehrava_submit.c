#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"
#include "zehrava_call.h"

static int
set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int
tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static const char *
words_text(struct arena *a, const struct field_strings *list)
{
	char *out = arena_strdup(a, "");

	for (size_t i = 0; i < list->n; i++) {
		out = arena_printf(a, "%s%s%s", out, i > 0 ? "," : "",
		    list->items[i]);
	}
	return out;
}

static const char *
or_none(const char *s)
{
	return s != NULL ? s : "-";
}

/* Everything that a draft says, in one line. */
static const char *
told(struct arena *a, const struct draft *d)
{
	char *out = arena_printf(a,
	    "destination=%s policy=%s payload=%.*s json=%d type=%s "
	    "count=%d:%lld value=%d:%g tags=%s key=%s header=%s behalf=%s "
	    "profile=%s ttl=%lld metadata=%s title=%s description=%s "
	    "urgency=%s approvers=%s channels=%s callback=%s options=",
	    d->destination, d->policy, (int)d->payload_len, d->payload,
	    d->payload_is_json, or_none(d->payload_type), d->has_record_count,
	    d->record_count, d->has_value_usd, d->value_usd,
	    words_text(a, &d->tags), or_none(d->idempotency_key),
	    or_none(d->idempotency_header), or_none(d->on_behalf_of),
	    or_none(d->profile), d->ttl_s,
	    d->metadata != NULL ? json_compact(a, d->metadata, NULL) : "-",
	    or_none(d->title), or_none(d->description),
	    urgency_name(d->urgency), words_text(a, &d->approvers),
	    words_text(a, &d->channels), or_none(d->callback_url));

	for (int i = 0; i < d->options_n; i++) {
		out = arena_printf(a, "%s%s:%s;", out, d->options[i].label,
		    outcome_name(d->options[i].outcome));
	}
	return out;
}

/* Members beside destination and policy, and what the draft says then. */
static const struct {
	const char *members, *wanted;
} spellings[] = {
    {"",
	"destination=d policy=p payload= json=0 type=- count=0:0 value=0:0 "
	"tags= key=- header=- behalf=- profile=- ttl=3600 metadata=- "
	"title=- description=- urgency=normal approvers= channels= "
	"callback=- options="},
    {"\"action\":\"d\"", "destination=d "},
    {"\"policy_id\":\"p\"", "policy=p "},
    {"\"policyId\":\"p\"", "policy=p "},
    {"\"payload\":\"hello\"", "payload=hello json=0 type=-"},
    {"\"payload\":\"x\\u001b[0m\"", "payload=x\x1b[0m json=0"},
    {"\"payload\":\"leads.CSV\"", "type=csv"},
    {"\"payload\":\"data:application/json,{}\"", "type=json"},
    {"\"payload\":\"data:text/csv;base64,YQ==\"", "type=csv"},
    {"\"payload\":{\"b\":1.0,\"a\":[2]}",
	"payload={\"a\":[2],\"b\":1} json=1 type=json"},
    {"\"payload\":[]", "payload=[] json=1 type=json"},
    {"\"recordCount\":847", "count=1:847"},
    {"\"record_count\":847", "count=1:847"},
    {"\"estimated_records\":0", "count=1:0"},
    {"\"estimatedRecords\":3.0", "count=1:3"},
    {"\"recordCount\":5,\"estimated_records\":5", "count=1:5"},
    {"\"estimated_value_usd\":12.5", "value=1:12.5"},
    {"\"estimatedValueUsd\":0", "value=1:0"},
    {"\"sensitivity_tags\":[\"pii\",\"legal\"]", "tags=pii,legal "},
    {"\"sensitivityTags\":[]", "tags= key"},
    {"\"idempotency_key\":\"k\"", "key=k header=-"},
    {"\"idempotencyKey\":\"k\"", "key=k header=-"},
    {"\"on_behalf_of\":\"agt_1\"", "behalf=agt_1"},
    {"\"onBehalfOf\":\"agt_1\"", "behalf=agt_1"},
    {"\"profile\":\"email.send.v1\"", "profile=email.send.v1"},
    {"\"profile_id\":\"email.send.v1\"", "profile=email.send.v1"},
    {"\"metadata\":{\"scope\":\"org_wide\"}",
	"metadata={\"scope\":\"org_wide\"}"},
    {"\"title\":\"T\",\"description\":\"a\\nb\"", "title=T description=a\nb"},
    {"\"urgency\":\"critical\"", "urgency=critical"},
    {"\"approvers\":[\"finance\",\"dana\"]", "approvers=finance,dana "},
    {"\"approvers\":\"dana\"", "approvers=dana "},
    {"\"approvers\":[]", "approvers= "},
    {"\"channels\":\"ops\"", "channels=ops "},
    {"\"callback_url\":\"https://a.example/b?c=d\"",
	"callback=https://a.example/b?c=d"},
    {"\"callbackUrl\":\"http://127.0.0.1:9/\"", "callback=http://127.0.0.1:9/"},
    {"\"options\":[\"Go\",\"Stop\"]", "options=Go:approve;Stop:deny;"},
    {"\"options\":[\"a\",\"b\",\"c\",\"d\",\"e\"]",
	"options=a:approve;b:deny;c:other;d:other;e:other;"},
    {"\"options\":[{\"label\":\"No\",\"outcome\":\"deny\"},"
     "{\"label\":\"Yes\",\"outcome\":\"approve\"}]",
	"options=No:deny;Yes:approve;"},
    {"\"options\":[\"\xf0\x9f\x91\x8d\",\"\xf0\x9f\x91\x8e\"]", ":approve;"},
    {"\"expiresIn\":\"90s\"", "ttl=90 "},
    {"\"expiresIn\":\"30m\"", "ttl=1800 "},
    {"\"expires_in\":\"2h\"", "ttl=7200 "},
    {"\"expiresIn\":\"365d\"", "ttl=31536000 "},
    {"\"expiresIn\":\"3\"", "ttl=10800 "},
    {"\"expiresIn\":3", "ttl=10800 "},
    /* The Python client sends null for what is not given. */
    {"\"payload\":null,\"recordCount\":null,\"metadata\":null,"
     "\"expiresIn\":null,\"options\":null,\"sensitivity_tags\":null,"
     "\"idempotency_key\":null,\"on_behalf_of\":null",
	"payload= json=0 type=- count=0:0"},
    {"\"runId\":\"run_1\",\"principal_id\":7", "destination=d "},
};

static struct draft *
decode(struct arena *a, const char *body, const char *idempotency_key)
{
	const struct zehrava_asked asked = {.idempotency_key = idempotency_key};
	struct call *call = zehrava_call(a, "POST /v1/intents", body, &asked);
	struct fault f = {0};

	if (call->route->decode(call, &f) != RC_OK) {
		fail_msg("%s: %s %s", body, f.field, f.text);
	}
	return call->in;
}

static void
every_spelling_of_a_field_is_read(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		const char *m = spellings[i].members;
		const char *body = arena_printf(*state, "{%s%s%s%s}",
		    strstr(m, "action") != NULL ? "" : "\"destination\":\"d\",",
		    strstr(m, "policy") != NULL ? "\"x\":0"
						: "\"policy\":\"p\"",
		    m[0] != '\0' ? "," : "", m);
		const char *got = told(*state, decode(*state, body, NULL));

		if (strstr(got, spellings[i].wanted) == NULL) {
			fail_msg("%s gives %s", body, got);
		}
	}
}

static void
both_routes_read_the_same_body(void **state)
{
	(void)state;
	assert_ptr_equal(zehrava_route("POST /v1/intents")->decode,
	    zehrava_route("POST /v1/propose")->decode);
}

/* Members beside destination and policy; what is refused, and how. */
static const struct {
	const char *members;
	enum rc rc;
	const char *field, *text;
} refusals[] = {
    {"\"action\":\"e\"", RC_INVALID, "destination", "different values"},
    {"\"payload\":1", RC_INVALID, "payload", "must be a string, an object"},
    {"\"payload\":true", RC_INVALID, "payload", "must be a string"},
    {"\"recordCount\":\"5\"", RC_INVALID, "recordCount", "whole number"},
    {"\"recordCount\":-1", RC_INVALID, "recordCount", "at least 0"},
    {"\"recordCount\":1.5", RC_INVALID, "recordCount", "whole number"},
    {"\"recordCount\":1,\"record_count\":2", RC_INVALID, "recordCount",
	"different values"},
    {"\"estimated_value_usd\":-0.01", RC_INVALID, "estimated_value_usd",
	"at least 0"},
    {"\"estimated_value_usd\":\"1\"", RC_INVALID, "estimated_value_usd",
	"must be a number"},
    {"\"estimated_value_usd\":2e15", RC_INVALID, "estimated_value_usd",
	"at most"},
    {"\"sensitivity_tags\":\"pii\"", RC_INVALID, "sensitivity_tags",
	"must be a list"},
    {"\"sensitivity_tags\":[1]", RC_INVALID, "sensitivity_tags",
	"must be a string"},
    {"\"idempotency_key\":\"\"", RC_INVALID, "idempotency_key", "empty"},
    {"\"idempotency_key\":5", RC_INVALID, "idempotency_key", "a string"},
    {"\"on_behalf_of\":{}", RC_INVALID, "on_behalf_of", "a string"},
    {"\"profile\":[]", RC_INVALID, "profile", "a string"},
    {"\"metadata\":[]", RC_INVALID, "metadata", "must be an object"},
    {"\"metadata\":\"x\"", RC_INVALID, "metadata", "must be an object"},
    {"\"title\":\"\"", RC_INVALID, "title", "empty"},
    {"\"title\":\"a\\u0007\"", RC_INVALID, "title", "control characters"},
    {"\"urgency\":\"huge\"", RC_INVALID, "urgency", "must be one of low"},
    {"\"approvers\":[\"a\",7]", RC_INVALID, "approvers", "item 2"},
    {"\"approvers\":7", RC_INVALID, "approvers", "list of strings"},
    {"\"channels\":{}", RC_INVALID, "channels", "list of strings"},
    {"\"callback_url\":\"file:///etc/passwd\"", RC_INVALID, "callback_url", ""},
    {"\"callback_url\":\"https://\"", RC_INVALID, "callback_url", ""},
    {"\"expiresIn\":\"soon\"", RC_INVALID, "expiresIn", "such as 30m"},
    {"\"expiresIn\":\"-1h\"", RC_INVALID, "expiresIn", "such as 30m"},
    {"\"expiresIn\":\"1.5h\"", RC_INVALID, "expiresIn", "such as 30m"},
    {"\"expiresIn\":\"1hh\"", RC_INVALID, "expiresIn", "such as 30m"},
    {"\"expiresIn\":\"1w\"", RC_INVALID, "expiresIn", "such as 30m"},
    {"\"expiresIn\":\"\"", RC_INVALID, "expiresIn", "such as 30m"},
    {"\"expiresIn\":\" 1h\"", RC_INVALID, "expiresIn", "such as 30m"},
    {"\"expiresIn\":-3", RC_INVALID, "expiresIn", "such as 30m"},
    {"\"expiresIn\":1.5", RC_INVALID, "expiresIn", "such as 30m"},
    {"\"expiresIn\":{}", RC_INVALID, "expiresIn", "such as 30m"},
    {"\"expiresIn\":\"0m\"", RC_INVALID, "expiresIn", "at least 1s"},
    {"\"expiresIn\":0", RC_INVALID, "expiresIn", "at least 1s"},
    {"\"expiresIn\":\"366d\"", RC_INVALID, "expiresIn", "at most 365d"},
    {"\"expiresIn\":\"31536001s\"", RC_INVALID, "expiresIn", "at most"},
    {"\"expiresIn\":\"99999999999999999999s\"", RC_INVALID, "expiresIn",
	"at most"},
    {"\"options\":\"yes\"", RC_INVALID, "options", "list of 2 to 5"},
    {"\"options\":[]", RC_INVALID, "options", "list of 2 to 5"},
    {"\"options\":[\"a\"]", RC_INVALID, "options", "list of 2 to 5"},
    {"\"options\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]", RC_INVALID, "options",
	"list of 2 to 5"},
    {"\"options\":[\"a\",7]", RC_INVALID, "options[1]", "a label or an object"},
    {"\"options\":[\"a\",{\"label\":\"b\"}]", RC_INVALID, "options[1].outcome",
	"is required"},
    {"\"options\":[\"a\",{\"outcome\":\"deny\"}]", RC_INVALID,
	"options[1].label", "is required"},
    {"\"options\":[{\"label\":\"a\",\"outcome\":\"maybe\"},\"b\"]", RC_INVALID,
	"options[0].outcome", "must be one of"},
    {"\"options\":[\"\",\"b\"]", RC_INVALID, "options[0].label", "empty"},
    {"\"options\":[\" \\u200b\",\"b\"]", RC_INVALID, "options[0].label",
	"something to read"},
    {"\"options\":[\"Yes\",\"Yes\"]", RC_INVALID, "options", "differ"},
    {"\"options\":[\"Yes\",\"Y\xd0\xb5s\"]", RC_INVALID, "options", "differ"},
    {"\"options\":[{\"label\":\"a\",\"outcome\":\"approve\"},"
     "{\"label\":\"b\",\"outcome\":\"other\"}]",
	RC_INVALID, "options", "one with deny"},
    {"\"options\":[{\"label\":\"a\",\"outcome\":\"deny\"},"
     "{\"label\":\"b\",\"outcome\":\"other\"}]",
	RC_INVALID, "options", "outcome approve"},
};

static void
assert_refused(struct arena *a, const char *body, const char *header,
    enum rc rc, const char *field, const char *text)
{
	const struct zehrava_asked asked = {.idempotency_key = header};
	struct call *call = zehrava_call(a, "POST /v1/intents", body, &asked);
	struct fault f = {0};

	if (call->route->decode(call, &f) != rc) {
		fail_msg("%.200s: %s, not %s", body, rc_name(f.rc),
		    rc_name(rc));
	}
	assert_string_equal(f.field, field);
	if (strstr(f.text, text) == NULL) {
		fail_msg("%.200s: %s", body, f.text);
	}
}

static void
what_is_not_right_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		assert_refused(*state,
		    arena_printf(*state,
			"{\"destination\":\"d\",\"policy\":\"p\",%s}",
			refusals[i].members),
		    NULL, refusals[i].rc, refusals[i].field, refusals[i].text);
	}
}

static void
destination_and_policy_must_be_there(void **state)
{
	static const struct {
		const char *body, *field, *text;
	} rows[] = {
	    {"{}", "destination", "destination and policy are required"},
	    {"{\"policy\":\"p\"}", "destination", "are required"},
	    {"{\"destination\":\"d\"}", "policy", "are required"},
	    {"{\"destination\":\"\",\"policy\":\"p\"}", "destination",
		"are required"},
	    {"{\"destination\":\"d\",\"policy\":null}", "policy",
		"are required"},
	    {"{\"destination\":7,\"policy\":\"p\"}", "destination",
		"must be a string"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_refused(*state, rows[i].body, NULL, RC_INVALID,
		    rows[i].field, rows[i].text);
	}
}

static char *
repeated(struct arena *a, size_t n)
{
	char *s = arena_alloc(a, n + 1);

	memset(s, 'x', n);
	return s;
}

static void
every_field_has_its_length(void **state)
{
	static const struct {
		const char *format; /* with one %s */
		size_t max;
		enum rc rc;
		const char *field;
	} rows[] = {
	    {"\"title\":\"%s\"", 200, RC_INVALID, "title"},
	    {"\"description\":\"%s\"", 1000, RC_INVALID, "description"},
	    {"\"idempotency_key\":\"%s\"", 255, RC_INVALID, "idempotency_key"},
	    {"\"on_behalf_of\":\"%s\"", 200, RC_INVALID, "on_behalf_of"},
	    {"\"profile\":\"%s\"", 200, RC_INVALID, "profile"},
	    {"\"sensitivity_tags\":[\"%s\"]", 100, RC_INVALID,
		"sensitivity_tags"},
	    {"\"approvers\":\"%s\"", 200, RC_INVALID, "approvers"},
	    {"\"options\":[\"%s\",\"b\"]", 80, RC_INVALID, "options[0].label"},
	    {"\"metadata\":{\"k\":\"%s\"}", 64 * 1024 - 8, RC_TOO_LARGE,
		"metadata"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = strstr(rows[i].format, "%s");

		for (size_t more = 0; more < 2; more++) {
			const char *body = arena_printf(*state,
			    "{\"destination\":\"d\",\"policy\":\"p\","
			    "%.*s%s%s}",
			    (int)(at - rows[i].format), rows[i].format,
			    repeated(*state, rows[i].max + more), at + 2);

			if (more == 0) {
				(void)decode(*state, body, NULL);
				continue;
			}
			assert_refused(*state, body, NULL, rows[i].rc,
			    rows[i].field, "at most");
		}
	}
}

static void
the_idempotency_header_is_visible_ascii(void **state)
{
	static const char body[] = "{\"destination\":\"d\",\"policy\":\"p\"}";
	static const char *const bad[] = {"", "a b", "a\tb", "\xc3\xa9",
	    "\x7f"};

	assert_string_equal(
	    decode(*state, body, "8e03978e-40d5")->idempotency_header,
	    "8e03978e-40d5");
	assert_non_null(decode(*state, body, repeated(*state, 255)));
	assert_refused(*state, body, repeated(*state, 256), RC_INVALID,
	    "Idempotency-Key", "1 to 255");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_refused(*state, body, bad[i], RC_INVALID,
		    "Idempotency-Key", "1 to 255");
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(every_spelling_of_a_field_is_read),
	    TEST(both_routes_read_the_same_body),
	    TEST(what_is_not_right_is_refused),
	    TEST(destination_and_policy_must_be_there),
	    TEST(every_field_has_its_length),
	    TEST(the_idempotency_header_is_visible_ascii),
	};

	return cmocka_run_group_tests_name("zehrava_submit", tests, NULL, NULL);
}
