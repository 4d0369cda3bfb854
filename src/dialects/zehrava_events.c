/*
 * Events of the audit trail, under the names of this product.
 *
 * An event is canonical JSON that we wrote, so its parts are cut out and put
 * together again as text; each read of an intent shows all of its events.
 */
#include <string.h>

#include "zehrava.h"
#include "zehrava_put.h"

/* A type of ours and what the product calls it. */
static const struct name {
	const char *type;
	const char *kind; /* of a delivery; NULL = any event of the type */
	const char *shown;
	bool ours;	      /* the actor is us, unless a person is named */
	const char *actor_as; /* member of the metadata that names a person */
	const char *more;     /* further member, as JSON text */
} names[] = {
    {"submitted", NULL, "proposed", false, NULL, NULL},
    {"policy_checked", NULL, "policy_checked", true, NULL, NULL},
    {"approved", NULL, "approved", true, "approver", NULL},
    {"blocked", NULL, "blocked", true, NULL, NULL},
    {"denied", NULL, "rejected", false, "rejector", NULL},
    {"expired", NULL, "expired", true, NULL, "\"on_no_response\":\"reject\""},
    {"cancelled", NULL, "approval_cancelled", false, NULL, NULL},
    {"vote", NULL, "approval_vote_recorded", false, NULL, NULL},
    {"execution_leased", NULL, "execution_requested", false, NULL, NULL},
    {"execution_lapsed", NULL, "execution_lapsed", true, NULL, NULL},
    {"downloaded", NULL, "delivered", false, NULL, NULL},
    {"delivery_sent", "webhook", "webhook_delivered", false, NULL, NULL},
    {"delivery_failed", "webhook", "webhook_attempt_failed", false, NULL, NULL},
    {"delivery_dead", "webhook", "webhook_failed", false, NULL, NULL},
    {"delivery_sent", "ask", "approval_channel_dispatched", false, NULL, NULL},
    {"delivery_dead", "ask", "approval_channel_failed", false, NULL, NULL},
};

/* A piece of JSON text; s is NULL when there is none. */
struct piece {
	const char *s;
	size_t len;
};

/* What an event consists of, and what of its data is looked at. */
struct parts {
	struct piece actor, at, data, id, intent, type;
	struct piece by, execution, kind, result;
};

/* A name and where its value goes. */
struct place {
	const char *name;
	struct piece *out;
};

/* The quote that ends the string whose first one stands at s. */
static const char *
string_end(const char *s)
{
	const char *quote = strchr(s + 1, '"');

	while (quote != NULL) {
		const char *slash = quote;

		while (slash[-1] == '\\') {
			slash--;
		}
		if ((quote - slash) % 2 == 0) {
			return quote;
		}
		quote = strchr(quote + 1, '"');
	}
	return s + strlen(s);
}

/* The end of the value at s. */
static const char *
value_end(const char *s)
{
	for (int depth = 0; *s != '\0'; s++) {
		if (*s == '"') {
			s = string_end(s);
			if (*s == '\0') {
				return s;
			}
		} else if (*s == '{' || *s == '[') {
			depth++;
		} else if (depth == 0 && (*s == ',' || *s == '}')) {
			return s;
		} else if (*s == '}' || *s == ']') {
			depth--;
		}
	}
	return s;
}

/* Fills the places from an object whose keys, ours, hold no colon. */
static void
take_apart(const char *s, const struct place *places, size_t n)
{
	while (*s == '{' || *s == ',') {
		const char *key = s + 1;
		const char *colon = *key == '"' ? strchr(key, ':') : NULL;
		size_t len;

		if (colon == NULL || colon - key < 2) {
			return;
		}
		s = value_end(colon + 1);
		len = (size_t)(colon - key) - 2; /* without its quotes */
		for (size_t i = 0; i < n; i++) {
			if (places[i].name[0] == key[1] &&
			    strncmp(places[i].name, key + 1, len) == 0 &&
			    places[i].name[len] == '\0') {
				*places[i].out = (struct piece){colon + 1,
				    (size_t)(s - colon - 1)};
			}
		}
	}
}

static void
read_event(const char *event, struct parts *p)
{
	const struct place outer[] = {
	    {"actor", &p->actor},
	    {"at", &p->at},
	    {"data", &p->data},
	    {"id", &p->id},
	    {"intent", &p->intent},
	    {"type", &p->type},
	};
	const struct place inner[] = {
	    {"by", &p->by},
	    {"execution", &p->execution},
	    {"kind", &p->kind},
	    {"result", &p->result},
	};

	*p = (struct parts){0};
	take_apart(event, outer, ARRAY_LEN(outer));
	if (p->data.s != NULL) {
		take_apart(p->data.s, inner, ARRAY_LEN(inner));
	}
}

static bool
says(struct piece p, const char *word)
{
	size_t n = strlen(word);

	return p.len == n + 2 && p.s[0] == '"' &&
	    strncmp(p.s + 1, word, n) == 0;
}

static const struct name *
find(const struct parts *p)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (says(p->type, names[i].type) &&
		    (names[i].kind == NULL || says(p->kind, names[i].kind))) {
			return &names[i];
		}
	}
	return NULL;
}

/* No person did it: the policy or the clock. */
static bool
is_automatic(const struct name *n, const struct parts *p)
{
	return n != NULL && n->ours &&
	    (p->by.s == NULL || says(p->by, "clock"));
}

static void
put_piece(struct json_out *o, const char *name, struct piece p)
{
	json_out_raw(o, name, p.s, p.len);
}

/* The event's own data; what is pending has another word here. */
static void
put_data(struct json_out *o, const struct parts *p)
{
	struct piece d = p->data, r = p->result;
	const char *inner, *end;

	if (d.len < 2 || d.s[0] != '{' || d.s[d.len - 1] != '}') {
		return;
	}
	inner = d.s + 1;
	end = d.s + d.len - 1;
	if (says(p->type, "policy_checked") &&
	    says(r, intent_state_name(INTENT_PENDING))) {
		inner = arena_printf(o->arena, "%.*s\"%s\"%.*s",
		    (int)(r.s - inner), inner, zehrava_decision(INTENT_PENDING),
		    (int)(end - r.s - (ptrdiff_t)r.len), r.s + r.len);
		end = inner + strlen(inner);
	}
	json_out_members(o, inner, (size_t)(end - inner));
}

static void
put_metadata(struct json_out *o, const struct parts *p, const struct name *n,
    bool automatic)
{
	json_out_object(o, "metadata");
	put_data(o, p);
	if (p->execution.s != NULL) {
		put_piece(o, "executionId", p->execution);
	}
	if (n != NULL && n->actor_as != NULL && !automatic) {
		put_piece(o, n->actor_as, p->actor);
	}
	if (n != NULL && n->more != NULL) {
		json_out_members(o, n->more, strlen(n->more));
	}
	if (automatic && says(p->type, "approved")) {
		json_out_bool(o, "auto", true);
	}
	json_out_end(o);
}

static void
put_event(struct json_out *o, const struct audit_event *ev)
{
	const struct name *n;
	struct parts p;
	bool automatic;

	read_event(ev->event, &p);
	n = find(&p);
	automatic = is_automatic(n, &p);
	json_out_object(o, NULL);
	put_piece(o, "id", p.id);
	put_piece(o, "proposal_id", p.intent);
	put_piece(o, "intent", p.intent);
	if (n != NULL) {
		put_both(o, "event_type", "eventType", n->shown);
	} else {
		put_piece(o, "event_type", p.type);
		put_piece(o, "eventType", p.type);
	}
	if (automatic) {
		json_out_text(o, "actor", "system");
	} else {
		put_piece(o, "actor", p.actor);
	}
	put_metadata(o, &p, n, automatic);
	put_piece(o, "created_at", p.at);
	put_piece(o, "createdAt", p.at);
	json_out_int(o, "seq", ev->seq);
	put_piece(o, "type", p.type);
	json_out_end(o);
}

void
zehrava_put_events(struct json_out *o, const char *name,
    const struct audit_event *events, int n)
{
	json_out_list(o, name);
	for (int i = 0; i < n; i++) {
		put_event(o, &events[i]);
	}
	json_out_end(o);
}
