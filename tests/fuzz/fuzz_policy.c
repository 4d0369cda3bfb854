/*
 * A policy file, and behind a NUL the payload that it judges. Whatever loads
 * must judge, and may only approve what it says it approves.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/yaml.h"
#include "payload.h"
#include "policy_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 16384, RECORDS = 3 };

static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void
check_verdict(const struct policy *p, const struct verdict *v)
{
	must(v->reason != NULL && v->code != NULL);
	must(v->notes_n == STEPS);
	must(v->notes[v->step].decided);
	must(v->required >= 1 && v->deny_threshold >= 1);
	must(v->risk.score >= 0 && v->risk.score <= 1);
	must(v->state == INTENT_PENDING || v->state == INTENT_BLOCKED ||
	    v->state == INTENT_APPROVED);
	if (v->state == INTENT_APPROVED) {
		must(v->step == STEP_COUNT);
		must(p->rules.has_under && p->rules.under >= RECORDS);
		must(!p->rules.always);
	}
}

static void
judge(const struct policy *p, const char *payload, size_t len, struct arena *a)
{
	static const struct policy_agent agent = {.id = "agt_1", .name = "a"};
	struct draft d = {.destination = "x",
	    .payload = payload,
	    .payload_len = len,
	    .has_record_count = true,
	    .record_count = RECORDS,
	    .profile = p->require_profile};
	struct verdict v;
	struct fault f = {0};

	if (p->agents != NULL ||
	    policy_evaluate(p, &d, &agent, a, &v, &f) != RC_OK) {
		return;
	}
	check_verdict(p, &v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(json_drop) json_t *root = NULL;
	struct people *people;
	struct policy p;
	struct fault f = {0};
	size_t n = strnlen((const char *)data, len);

	if (len > INPUT_MAX ||
	    yaml_read((const char *)data, n, &root, &f) != RC_OK) {
		return 0;
	}
	if (people_load(NULL, &people, &f) != RC_OK) {
		abort();
	}
	if (policy_decode(root, "p", people, a, &p, &f) == RC_OK) {
		size_t skip = n < len ? n + 1 : n;

		judge(&p, (const char *)data + skip, len - skip, a);
	} else {
		must(f.rc == RC_INVALID && f.field[0] != '\0' &&
		    f.text[0] != '\0');
	}
	people_unref(people);
	return 0;
}
