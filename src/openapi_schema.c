#include "openapi_schema.h"

#include <string.h>

void
openapi_put_raw(struct json_out *o, const char *name, const char *members)
{
	json_out_object(o, name);
	json_out_members(o, members, strlen(members));
	json_out_end(o);
}

static void
put_type(struct json_out *o, const char *type)
{
	json_out_text(o, "type", type);
}

/* Limits, by the rule of fields_decode(): both 0 is none. */
static void
put_limits(struct json_out *o, const struct field *f, const char *min,
    const char *max)
{
	if (f->min != 0 || f->max != 0) {
		json_out_real(o, min, f->min);
		json_out_real(o, max, f->max);
	}
}

static void
put_words(struct json_out *o, const char *const *words)
{
	json_out_list(o, "enum");
	for (; *words != NULL; words++) {
		json_out_text(o, NULL, *words);
	}
	json_out_end(o);
}

static void
put_strings(struct json_out *o, const struct field *f)
{
	put_type(o, "array");
	put_limits(o, f, "minItems", "maxItems");
	json_out_object(o, "items");
	put_type(o, "string");
	json_out_real(o, "maxLength", f->item_max > 0 ? f->item_max : 1000);
	json_out_end(o);
}

static void
put_kind(struct json_out *o, const struct field *f)
{
	switch (f->type) {
	case FIELD_TYPE_STRING:
		put_type(o, "string");
		put_limits(o, f, "minLength", "maxLength");
		break;
	case FIELD_TYPE_INT:
		put_type(o, "integer");
		put_limits(o, f, "minimum", "maximum");
		break;
	case FIELD_TYPE_NUMBER:
		put_type(o, "number");
		put_limits(o, f, "minimum", "maximum");
		break;
	case FIELD_TYPE_BOOL:
		put_type(o, "boolean");
		break;
	case FIELD_TYPE_ENUM:
		put_type(o, "string");
		put_words(o, f->words);
		break;
	case FIELD_TYPE_STRINGS:
		put_strings(o, f);
		break;
	case FIELD_TYPE_OBJECT:
		put_type(o, "object");
		break;
	case FIELD_TYPE_ARRAY:
		put_type(o, "array");
		break;
	case FIELD_TYPE_CUSTOM:
		if (f->schema != NULL) {
			json_out_members(o, f->schema, strlen(f->schema));
		}
		break;
	default:
		break; /* any JSON */
	}
}

static void
put_field(struct json_out *o, const struct field *f)
{
	json_out_object(o, f->name);
	put_kind(o, f);
	if (f->aliases != NULL) {
		json_out_text(o, "description",
		    arena_printf(o->arena, "Also spelled: %s.", f->aliases));
	}
	json_out_end(o);
}

void
openapi_put_body(struct json_out *o, const struct route_body *body)
{
	const struct route_body *b;
	bool required = false;

	json_out_object(o, "schema");
	put_type(o, "object");
	json_out_object(o, "properties");
	for (b = body; b != NULL; b = b->more) {
		for (size_t i = 0; i < b->n; i++) {
			put_field(o, &b->fields[i]);
			required |= b->fields[i].required;
		}
	}
	json_out_end(o);
	if (required) {
		json_out_list(o, "required");
		for (b = body; b != NULL; b = b->more) {
			for (size_t i = 0; i < b->n; i++) {
				if (b->fields[i].required) {
					json_out_text(o, NULL,
					    b->fields[i].name);
				}
			}
		}
		json_out_end(o);
	}
	json_out_end(o);
}

void
openapi_put_answer(struct json_out *o, const char *name,
    const struct route_answer *a)
{
	json_out_object(o, name);
	put_type(o, "object");
	if (a != NULL) {
		json_out_object(o, "properties");
		for (size_t i = 0; i < a->n; i++) {
			openapi_put_raw(o, a->members[i].name,
			    a->members[i].schema);
		}
		json_out_end(o);
		json_out_list(o, "required");
		for (size_t i = 0; i < a->n; i++) {
			if (!a->members[i].optional) {
				json_out_text(o, NULL, a->members[i].name);
			}
		}
		json_out_end(o);
	}
	json_out_end(o);
}
