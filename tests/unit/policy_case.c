#include "policy_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"
#include "policy_folder.h"

const struct policy_agent policy_case_agent = {.id = "agt_1", .name = "ci"};

struct verdict
policy_case_judge(const struct policy_case *r, const struct policy_agent *who,
    struct arena *a)
{
	CLEANUP(policy_set_drop) struct policy_set *set =
	    policy_set_of(r->policy);
	CLEANUP(json_drop) json_t *metadata =
	    r->metadata == NULL ? NULL : json_loads(r->metadata, 0, NULL);
	const char *payload = r->payload == NULL ? "" : r->payload;
	struct draft d = {
	    .destination = r->destination == NULL ? "x" : r->destination,
	    .payload = payload,
	    .payload_len = strlen(payload),
	    .has_record_count = r->records != 0,
	    .record_count = r->records > 0 ? r->records : 0,
	    .metadata = metadata,
	    .title = r->title,
	    .description = r->description,
	};
	struct verdict v;
	struct fault f = {0};

	assert_int_equal(policy_evaluate(policy_set_find(set, "p"), &d, who, a,
			     &v, &f),
	    RC_OK);
	/* The policy may go before the verdict is looked at here. */
	v.reason = arena_strdup(a, v.reason);
	return v;
}

void
policy_cases_run(const struct policy_case *cases, size_t n)
{
	int wrong = 0;

	for (size_t i = 0; i < n; i++) {
		CLEANUP(arena_drop) struct arena *a = arena_new();
		const struct policy_case *r = &cases[i];
		struct verdict v = policy_case_judge(r, &policy_case_agent, a);

		if (v.state != r->state || v.step != r->step ||
		    strcmp(v.code, r->code) != 0 ||
		    (r->reason != NULL && strcmp(v.reason, r->reason) != 0)) {
			print_error("%s%s: %s at %s: %s: %s\n", r->policy,
			    r->payload == NULL ? "" : r->payload,
			    intent_state_name(v.state),
			    policy_step_name(v.step), v.code, v.reason);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}
