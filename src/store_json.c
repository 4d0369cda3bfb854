#include "store_json.h"

#include <string.h>

#include "lib/json.h"
#include "lib/json_out.h"

static void
put_strings(struct json_out *o, const char *name, const struct field_strings *s)
{
	json_out_list(o, name);
	for (size_t i = 0; i < s->n; i++) {
		json_out_text(o, NULL, s->items[i]);
	}
	json_out_end(o);
}

static void
strings_of(const json_t *array, struct arena *a, struct field_strings *out)
{
	size_t n = json_array_size(array);

	*out = (struct field_strings){0};
	if (n == 0) {
		return;
	}
	out->items = arena_array(a, n, sizeof(*out->items));
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(array, i));

		if (s != NULL) {
			out->items[out->n++] = arena_strdup(a, s);
		}
	}
}

const char *
store_json_of_strings(struct arena *a, const struct field_strings *s)
{
	struct json_out o;

	if (s->n == 0) {
		return "[]";
	}
	json_out_init(&o, a);
	put_strings(&o, NULL, s);
	return json_out_finish(&o, NULL);
}

void
store_json_strings(const char *text, struct arena *a, struct field_strings *out)
{
	CLEANUP(json_drop) json_t *array = NULL;

	*out = (struct field_strings){0};
	if (text != NULL && strcmp(text, "[]") != 0) {
		array = json_loads(text, 0, NULL);
		strings_of(array, a, out);
	}
}

const char *
store_json_of_options(struct arena *a, const struct intent *in)
{
	struct json_out o;

	json_out_init(&o, a);
	json_out_list(&o, NULL);
	for (int i = 0; i < in->options_n; i++) {
		json_out_list(&o, NULL);
		json_out_text(&o, NULL, in->options[i].label);
		json_out_int(&o, NULL, in->options[i].outcome);
		json_out_end(&o);
	}
	json_out_end(&o);
	return json_out_finish(&o, NULL);
}

void
store_json_options(const char *text, struct arena *a, struct intent *out)
{
	CLEANUP(json_drop) json_t *array =
	    text != NULL ? json_loads(text, 0, NULL) : NULL;
	size_t n = json_array_size(array);
	const char *label;
	int outcome;

	out->options_n = 0;
	for (size_t i = 0; i < n && i < INTENT_OPTIONS_MAX; i++) {
		if (json_unpack(json_array_get(array, i), "[s, i]", &label,
			&outcome) != 0 ||
		    outcome < 0 || outcome >= OUTCOMES) {
			out->options_n = 0;
			return;
		}
		out->options[out->options_n++] = (struct option){
		    .label = arena_strdup(a, label),
		    .outcome = (enum outcome)outcome,
		};
	}
}

const char *
store_json_of_plan(struct arena *a, const struct plan *p)
{
	struct json_out o;

	json_out_init(&o, a);
	json_out_object(&o, NULL);
	put_strings(&o, "approvers", &p->approvers);
	put_strings(&o, "channels", &p->channels);
	if (p->roles.n > 0) {
		put_strings(&o, "roles", &p->roles);
	}
	put_strings(&o, "excluded", &p->excluded);
	if (p->guests_n > 0) {
		json_out_object(&o, "guests");
		for (int i = 0; i < p->guests_n; i++) {
			json_out_text(&o, p->guests[i].id, p->guests[i].name);
		}
		json_out_end(&o);
	}
	json_out_bool(&o, "open", p->open);
	json_out_int(&o, "deny", p->deny_threshold);
	json_out_bool(&o, "reason", p->reason_required);
	if (p->approve_reason) {
		json_out_bool(&o, "approve_reason", true);
	}
	json_out_end(&o);
	return json_out_finish(&o, NULL);
}

static void
guests_of(json_t *object, struct arena *a, struct plan *out)
{
	const char *id;
	json_t *name;

	json_object_foreach(object, id, name)
	{
		if (out->guests_n < INTENT_GUESTS_MAX && json_is_string(name)) {
			out->guests[out->guests_n++] =
			    (struct guest){arena_strdup(a, id),
				arena_strdup(a, json_string_value(name))};
		}
	}
}

void
store_json_plan(const char *text, struct arena *a, struct plan *out)
{
	CLEANUP(json_drop) json_t *o = text != NULL ? json_loads(text, 0, NULL)
						    : NULL;
	json_t *approvers, *channels, *excluded;
	int is_open, deny, reason;

	*out = (struct plan){.required = 1, .deny_threshold = 1};
	if (json_unpack(o, "{s:o, s:o, s:o, s:b, s:i, s:b}", "approvers",
		&approvers, "channels", &channels, "excluded", &excluded,
		"open", &is_open, "deny", &deny, "reason", &reason) != 0) {
		return;
	}
	strings_of(approvers, a, &out->approvers);
	strings_of(channels, a, &out->channels);
	strings_of(excluded, a, &out->excluded);
	strings_of(json_object_get(o, "roles"), a, &out->roles);
	guests_of(json_object_get(o, "guests"), a, out);
	out->open = is_open != 0;
	out->deny_threshold = deny;
	out->reason_required = reason != 0;
	out->approve_reason =
	    json_is_true(json_object_get(o, "approve_reason"));
}
