/*
 * policy_impl: what policy_load makes and policy evaluates.
 *
 * For policy.c, policy_load.c, and the other files policy_*.c, alone.
 */
#ifndef POLICY_IMPL_H
#define POLICY_IMPL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/crypto.h"
#include "lib/field.h"
#include "lib/regex.h"
#include "match.h"
#include "person.h"
#include "policy.h"

enum {
	POLICY_CHECKS_MAX = 200,
	POLICY_ENVIRONMENTS_MAX = 50,
	POLICY_AGENTS_MAX = 1000, /* in agent_environments */
	POLICY_WORDS_MAX = 1000,  /* destinations, types */
	POLICY_WORD_MAX = 200,	  /* characters of one, or of a term */
	POLICY_PATH_MAX = 200,	  /* characters of a field's path */
	POLICY_COUNT_MAX = 1000000000,
	POLICY_MINUTES_MAX = 365 * 24 * 60
};

/* One entry of field_checks. */
struct policy_check {
	const char *path; /* names with dots between; digits index a list */
	bool required;
	bool has_min, has_max, has_max_length;
	double min, max;
	long long max_length;  /* characters, or items of a list */
	struct regex *pattern; /* or NULL */
};

/* What an environment may replace: the steps from STEP_RATE on. */
struct policy_rules {
	long long rate_per_hour; /* 0 = none */
	long long rate_per_day;
	struct policy_check *checks;
	size_t checks_n;
	struct match_set *terms; /* or NULL */
	size_t terms_n;
	bool always;
	bool has_over, has_under;
	long long over, under; /* records */
	bool org_wide;
};

struct policy_environment {
	const char *name;
	struct policy_rules rules;
};

struct policy {
	const char *id;
	char version[CRYPTO_SHA256_HEX]; /* of the file's bytes */
	bool has_destinations, has_types;
	struct field_strings destinations;
	struct field_strings types; /* lower case, without a dot */
	struct policy_rules rules;  /* where no environment applies */
	struct policy_environment *environments;
	size_t environments_n;
	json_t *agents; /* agent id or name: name of an environment; or NULL */
	const char *require_profile; /* or NULL */
	long long expiry_s;	     /* 0 = none */
	long long required;
	long long deny_threshold;
	bool self_approval;
	bool reason_required, approve_reason;
	struct field_strings approvers;
	struct field_strings channels;
};

/* One evaluation. */
struct policy_run {
	const struct policy *policy;
	const struct policy_rules *rules; /* in force */
	const struct draft *draft;
	const struct policy_agent *agent;
	struct arena *arena;
	struct verdict *v;
	struct match_text *text; /* the payload, ready to be searched */
	const char *content;	 /* the payload, or what its data: URI holds */
	size_t content_len;
	bool unreadable;   /* a data: URI that cannot be decoded */
	const char *doubt; /* why a person must look at it; NULL = nothing */
};

/* Adds what a step saw to the verdict. */
void policy_note_add(struct verdict *, enum policy_step, bool decided,
    const char *text);
/* One step, in the order of enum policy_step; true when it decided. */
extern bool (*const policy_steps[STEPS])(struct policy_run *);

/* What is wrong with a payload; both NULL when nothing is. */
struct policy_finding {
	const char *blocked; /* why it breaks a check */
	const char *doubt;   /* why a check could not be made */
};

/* Applies the checks to the payload, in order; the first that fails wins. */
void policy_check_payload(const struct policy_check *, size_t n,
    const char *payload, size_t len, struct arena *,
    struct policy_finding *out);

/*
 * Decodes and compiles one file's value. The strings live in the arena, which
 * must outlive the policy. RC_INVALID: f->field is the path of the setting.
 */
enum rc policy_decode(const json_t *root, const char *id, const struct people *,
    struct arena *, struct policy *out, struct fault *f) MUST_CHECK;

#endif
