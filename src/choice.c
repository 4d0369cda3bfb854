#include "choice.h"

#include <string.h>

#include "lib/text.h"

bool
choice_can_be_read(const char *label)
{
	size_t len = strlen(label), n;

	for (size_t i = 0; i < len; i += n) {
		int c = text_next(label + i, len - i, &n);

		if (c != ' ' && text_is_visible(c)) {
			return true;
		}
	}
	return false;
}

static bool
looks_same(struct arena *a, const char *s, const char *t)
{
	const char *fs = text_fold(a, s, strlen(s));
	const char *ft = text_fold(a, t, strlen(t));

	return strcmp(s, t) == 0 || (fs[0] != '\0' && strcmp(fs, ft) == 0);
}

enum rc
choice_check(struct arena *a, const struct option *o, int n, struct fault *f)
{
	bool has[OUTCOMES] = {false};

	for (int i = 0; i < n; i++) {
		has[o[i].outcome] = true;
		for (int k = 0; k < i; k++) {
			if (looks_same(a, o[i].label, o[k].label)) {
				return fault_set(f, RC_INVALID, "",
				    "must have labels that differ");
			}
		}
	}
	if (!has[OUTCOME_APPROVE] || !has[OUTCOME_DENY]) {
		return fault_set(f, RC_INVALID, "",
		    "must have one with outcome approve and one with deny");
	}
	return RC_OK;
}
