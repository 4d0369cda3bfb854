#include "card.h"

#include <assert.h>

static json_t *
facts_of(const struct card *c)
{
	json_t *all = json_array();

	for (int i = 0; i < c->facts_n; i++) {
		(void)json_array_append_new(all,
		    json_pack("{s:s, s:s}", "label", c->facts[i].label, "value",
			c->facts[i].value));
	}
	return all;
}

static json_t *
options_of(const struct card *c)
{
	json_t *all = json_array();

	for (int i = 0; i < c->options_n; i++) {
		const struct option *o = &c->options[i];

		(void)json_array_append_new(all,
		    json_pack("{s:i, s:s, s:s, s:b, s:b, s:b}", "index", i,
			"label", o->label, "outcome", outcome_name(o->outcome),
			"is_approve", o->outcome == OUTCOME_APPROVE, "is_deny",
			o->outcome == OUTCOME_DENY, "is_other",
			o->outcome == OUTCOME_OTHER));
	}
	return all;
}

json_t *
card_values(const struct card *c)
{
	json_t *values = json_pack(
	    "{s:s, s:s, s:s, s:o, s:s, s:b, s:b, s:b, s:s?, s:s?, s:s?, s:b, s:o, "
	    "s:b}",
	    "headline", c->headline, "status", c->status, "state", c->state,
	    "facts", facts_of(c), "payload", c->payload, "payload_cut",
	    c->payload_cut, "payload_spelled", c->payload_spelled,
	    "payload_warns", c->payload_warns, "payload_note", c->payload_note,
	    "title", c->title, "description", c->description, "has_words",
	    c->title != NULL || c->description != NULL, "options",
	    options_of(c), "is_open", c->options_n > 0);

	/* Shown form is UTF-8, the one thing that could fail here. */
	assert(values != NULL);
	return values;
}
