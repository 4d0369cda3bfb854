#include "zehrava_put.h"

#include <string.h>

void
put_begin(struct json_out *o, struct arena *a)
{
	json_out_init(o, a);
	json_out_object(o, NULL);
}

const char *
put_end(struct json_out *o, size_t *len)
{
	json_out_end(o);
	return json_out_finish(o, len);
}

void
put_both(struct json_out *o, const char *name, const char *also,
    const char *text)
{
	json_out_text(o, name, text);
	json_out_text(o, also, text);
}

void
put_strings(struct json_out *o, const char *name,
    const struct field_strings *list)
{
	json_out_list(o, name);
	for (size_t i = 0; i < list->n; i++) {
		json_out_text(o, NULL, list->items[i]);
	}
	json_out_end(o);
}

static void
put_json(struct json_out *o, const char *name, const char *text)
{
	json_out_raw(o, name, text, text != NULL ? strlen(text) : 0);
}

static void
put_one(struct json_out *o, const char *name, enum put_kind kind,
    const void *at)
{
	switch (kind) {
	case PUT_TEXT:
		json_out_text(o, name, *(const char *const *)at);
		break;
	case PUT_CHARS:
		json_out_text(o, name, at);
		break;
	case PUT_TIME:
		json_out_time(o, name, *(const long long *)at);
		break;
	case PUT_INT:
		json_out_int(o, name, *(const long long *)at);
		break;
	case PUT_SMALL:
		json_out_int(o, name, *(const int *)at);
		break;
	case PUT_REAL:
		json_out_real(o, name, *(const double *)at);
		break;
	case PUT_BOOL:
		json_out_bool(o, name, *(const bool *)at);
		break;
	case PUT_STRINGS:
		put_strings(o, name, at);
		break;
	case PUT_JSON:
		put_json(o, name, *(const char *const *)at);
		break;
	case PUT_NULL:
		json_out_null(o, name);
		break;
	case PUT_FALSE:
		json_out_bool(o, name, false);
		break;
	case PUT_EMPTY:
		json_out_list(o, name);
		json_out_end(o);
		break;
	}
}

void
put_all(struct json_out *o, const struct put *rows, size_t n, const void *from)
{
	for (size_t i = 0; i < n; i++) {
		const struct put *p = &rows[i];
		enum put_kind kind = p->kind;

		if (p->present > 0 && !*((const bool *)from + p->present - 1)) {
			kind = PUT_NULL;
		}
		for (int k = 0; k < PUT_NAMES_MAX && p->names[k] != NULL; k++) {
			put_one(o, p->names[k], kind,
			    (const char *)from + p->offset);
		}
	}
}
