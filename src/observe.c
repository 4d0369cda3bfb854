#include "observe.h"

#include <stdio.h>
#include <string.h>

#include "dialect_find.h"
#include "fact.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "openapi.h"
#include "version.h"

static void
healthz(const struct observe *o, struct http_request *http)
{
	static const char ok[] = "{\"status\":\"ok\"}";

	(void)o;
	http_reply(http, 200, "application/json", ok, sizeof(ok) - 1);
}

static json_t *
store_report(const struct store_stats *s)
{
	return json_pack("{s:s, s:s*, s:i}", "state",
	    s->writable ? "up" : "down", "fault", s->writable ? NULL : s->fault,
	    "waiting", (int)s->waiting);
}

static json_t *
channels_report(struct outbox *outbox, bool *degraded)
{
	json_t *all = json_object();

	for (int i = 0; i < outbox_channels(outbox); i++) {
		struct channel_health h = {0};
		const char *name = outbox_channel(outbox, i, &h);

		if (h.state == CHANNEL_DEGRADED || h.state == CHANNEL_DOWN) {
			*degraded = true;
		}
		(void)json_object_set_new(all, name,
		    json_pack("{s:s, s:s*}", "state",
			channel_state_name(h.state), "fault",
			h.fault[0] != '\0' ? h.fault : NULL));
	}
	return all;
}

static void
readyz(const struct observe *o, struct http_request *http)
{
	CLEANUP(json_drop) json_t *body = NULL;
	struct store_stats s;
	bool degraded = o->link_holder_decides;
	json_t *channels = channels_report(o->outbox, &degraded);
	const char *text;
	size_t len;

	store_stats(o->store, &s);
	body = json_pack("{s:s, s:o, s:o}", "status",
	    !s.writable	   ? "unavailable"
		: degraded ? "degraded"
			   : "ready",
	    "store", store_report(&s), "channels", channels);
	if (o->link_holder_decides) {
		(void)json_object_set_new(body, "warnings",
		    json_pack("[s]",
			"vantagate.expose_secure_token is on: an "
			"agent gets the link that decides what it asks"));
	}
	text = json_compact(http_arena(http), body, &len);
	http_reply(http, s.writable ? 200 : 503, "application/json", text, len);
}

static void
metric(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP assent_%s %s\n# TYPE assent_%s %s\n", name, help,
	    name, type);
}

static void
states(struct buf *b, const struct fact_sums *sums)
{
	metric(b, "intents", "gauge", "Intents by state.");
	for (int i = 0; i < INTENT_STATES; i++) {
		buf_printf(b, "assent_intents{state=\"%s\"} %lld\n",
		    intent_state_name((enum intent_state)i),
		    sums->api.by_state[i]);
	}
	metric(b, "executions", "gauge", "Executions by state.");
	for (int i = EXECUTION_LEASED; i < EXECUTION_STATES; i++) {
		buf_printf(b, "assent_executions{state=\"%s\"} %lld\n",
		    execution_state_name((enum execution_state)i),
		    sums->api.by_execution[i]);
	}
	metric(b, "duplicates_total", "counter",
	    "Submits refused because their idempotency key was used.");
	buf_printf(b, "assent_duplicates_total %lld\n", sums->api.duplicates);
}

/* Prometheus, "Histogram": buckets are cumulative. */
static void
decisions(struct buf *b, const struct fact_sums *sums)
{
	long long n = 0;

	metric(b, "decision_seconds", "histogram",
	    "Time from submit to the decision of people.");
	for (int i = 0; i < FACT_DECISION_BUCKETS; i++) {
		n += sums->decision_buckets[i];
		buf_printf(b,
		    "assent_decision_seconds_bucket{le=\"%d\"} "
		    "%lld\n",
		    fact_decision_le_s[i], n);
	}
	buf_printf(b,
	    "assent_decision_seconds_bucket{le=\"+Inf\"} %lld\n"
	    "assent_decision_seconds_sum %.3f\n"
	    "assent_decision_seconds_count %lld\n",
	    sums->decisions, sums->decision_s_sum, sums->decisions);
}

static void
depth(struct buf *b, const struct delivery_depth *d)
{
	metric(b, "outbox_deliveries", "gauge",
	    "Deliveries owed, and given up.");
	buf_printf(b,
	    "assent_outbox_deliveries{state=\"owed\"} %lld\n"
	    "assent_outbox_deliveries{state=\"dead\"} %lld\n",
	    d->due, d->dead);
	metric(b, "outbox_oldest_age_seconds", "gauge",
	    "Age of the oldest delivery that is owed.");
	buf_printf(b, "assent_outbox_oldest_age_seconds %.3f\n",
	    d->oldest_ms > 0 ? (double)(clock_now_ms() - d->oldest_ms) / 1000
			     : 0.0);
}

static void
commits(struct buf *b, const struct store_stats *s)
{
	metric(b, "commits_total", "counter", "Transactions committed.");
	buf_printf(b, "assent_commits_total %lld\n", s->commits);
	metric(b, "commit_failures_total", "counter",
	    "Transactions that failed.");
	buf_printf(b, "assent_commit_failures_total %lld\n", s->failed_commits);
	metric(b, "commit_jobs_total", "counter",
	    "Jobs in committed transactions.");
	buf_printf(b, "assent_commit_jobs_total %lld\n", s->jobs);
	metric(b, "commit_jobs_max", "gauge", "Most jobs in one commit.");
	buf_printf(b, "assent_commit_jobs_max %lld\n", s->batch_max);
	metric(b, "store_writable", "gauge", "1 while commits are good.");
	buf_printf(b, "assent_store_writable %d\n", s->writable ? 1 : 0);
}

static void
channels(struct buf *b, struct outbox *outbox)
{
	metric(b, "channel_up", "gauge", "1 when the channel works, else 0.");
	for (int i = 0; i < outbox_channels(outbox); i++) {
		struct channel_health h = {0};
		const char *name = outbox_channel(outbox, i, &h);

		buf_printf(b, "assent_channel_up{channel=\"%s\"} %d\n", name,
		    h.state == CHANNEL_UP || h.state == CHANNEL_STARTING);
	}
}

/* What the chats say of themselves, a row each. */
static const struct {
	const char *name, *type, *help;
	size_t member; /* a long long of struct channel_health */
} chat_numbers[] = {
    {"chat_sessions", "gauge", "Live connections for events.",
	offsetof(struct channel_health, sessions)},
    {"chat_ghosts", "gauge",
	"Connections that the peer counts and we do not have.",
	offsetof(struct channel_health, ghosts)},
    {"chat_reconnects_total", "counter", "Connections lost and made anew.",
	offsetof(struct channel_health, reconnects)},
    {"chat_limited_total", "counter", "Times the peer said: too often.",
	offsetof(struct channel_health, limited)},
    {"chat_answers_total", "counter", "Answers of people.",
	offsetof(struct channel_health, answers)},
    {"chat_answers_late_total", "counter",
	"Answers acknowledged too late or not at all.",
	offsetof(struct channel_health, answers_late)},
    {"chat_answer_milliseconds_max", "gauge",
	"Longest from an answer to its acknowledgement.",
	offsetof(struct channel_health, answer_ms_max)},
};

static long long
number_of(const struct channel_health *h, size_t member)
{
	long long n;

	memcpy(&n, (const char *)h + member, sizeof(n));
	return n;
}

static void
chats(struct buf *b, struct outbox *outbox)
{
	for (size_t k = 0; k < ARRAY_LEN(chat_numbers); k++) {
		metric(b, chat_numbers[k].name, chat_numbers[k].type,
		    chat_numbers[k].help);
		for (int i = 0; i < outbox_channels(outbox); i++) {
			struct channel_health h = {0};
			const char *name = outbox_channel(outbox, i, &h);

			if (h.chat) {
				buf_printf(b,
				    "assent_%s{channel=\"%s\"} %lld\n",
				    chat_numbers[k].name, name,
				    number_of(&h, chat_numbers[k].member));
			}
		}
	}
}

static void
metrics(const struct observe *o, struct http_request *http)
{
	struct fact_sums sums;
	struct delivery_depth d = {0};
	struct store_stats s;
	struct fault f = {0};
	struct buf b;

	if (fact_sums(o->reader, &sums, &f) != RC_OK ||
	    delivery_depth(o->reader, &d, &f) != RC_OK) {
		http_reply(http, 503, "text/plain", "", 0);
		return;
	}
	store_stats(o->store, &s);
	buf_init(&b, 0);
	metric(&b, "info", "gauge", "The version that runs.");
	buf_printf(&b, "assent_info{version=\"%s\"} 1\n", ASSENT_VERSION);
	states(&b, &sums);
	decisions(&b, &sums);
	depth(&b, &d);
	commits(&b, &s);
	channels(&b, o->outbox);
	chats(&b, o->outbox);
	metric(&b, "parked_requests", "gauge", "Replies that wait.");
	buf_printf(&b, "assent_parked_requests %d\n",
	    http_parked(http_server_of(http)));
	http_reply(http, 200, "text/plain; version=0.0.4; charset=utf-8",
	    buf_str(&b), b.len);
	buf_fini(&b);
}

static void
openapi(const struct observe *o, struct http_request *http)
{
	static const char none[] = "{\"error\":\"There is no such dialect\"}";
	const char *name = http_query(http, "dialect");
	const struct dialect *d = name != NULL ? dialect_find(name)
					       : dialect_at(0);
	const char *text;
	size_t len;

	(void)o;
	if (d == NULL) {
		http_reply(http, 404, "application/json", none,
		    sizeof(none) - 1);
		return;
	}
	text = openapi_text(http_arena(http), d, &len);
	http_reply(http, 200, "application/json", text, len);
}

static const struct {
	const char *path;
	void (*answer)(const struct observe *, struct http_request *);
} paths[] = {
    {"/healthz", healthz},
    {"/readyz", readyz},
    {"/metrics", metrics},
    {"/openapi.json", openapi},
};

bool
observe_knows(const struct http_request *http)
{
	const char *method = http_method(http);

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (strcmp(http_path(http), paths[i].path) == 0) {
			return strcmp(method, "GET") == 0 ||
			    strcmp(method, "HEAD") == 0;
		}
	}
	return false;
}

void
observe_handle(const struct observe *o, struct http_request *http)
{
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (strcmp(http_path(http), paths[i].path) == 0) {
			paths[i].answer(o, http);
			return;
		}
	}
}
