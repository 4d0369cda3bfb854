#include "bots/discord_memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/mem.h"

enum {
	FORMAT = 1, /* of the stored text */
	DEATHS_MAX = 3,
	TICKET_BITS = 44 /* of the sequence number in a ticket */
};

static const long long seq_max = (1LL << TICKET_BITS) - 1;

static void
digest(const char *token, char out[CRYPTO_SHA256_HEX])
{
	static const char purpose[] = "discord session 1";
	const struct crypto_part parts[] = {
	    {purpose, sizeof(purpose)},
	    {token, strlen(token)},
	};
	unsigned char sum[CRYPTO_SHA256];

	crypto_sha256_parts(parts, ARRAY_LEN(parts), sum);
	crypto_hex(sum, sizeof(sum), out);
}

/* Copies what fits; "" otherwise. */
static void
keep(char *out, size_t size, const char *s)
{
	(void)snprintf(out, size, "%s", s != NULL && strlen(s) < size ? s : "");
}

static void
keep_url(const struct discord_memory *m, char *out, size_t size, const char *s)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	bool usable = s != NULL && discord_gateway_url(a, s, m->plain) != NULL;

	keep(out, size, usable ? s : "");
}

static const char *
member(const json_t *root, const char *name)
{
	return json_string_value(json_object_get(root, name));
}

static void
load(struct discord_memory *m, const json_t *root)
{
	const json_t *seq = json_object_get(root, "seq");
	const char *token = member(root, "token");

	if (json_integer_value(json_object_get(root, "format")) != FORMAT ||
	    token == NULL || strcmp(token, m->token) != 0) {
		return;
	}
	keep(m->session_id, sizeof(m->session_id), member(root, "session_id"));
	keep_url(m, m->resume_url, sizeof(m->resume_url),
	    member(root, "resume_url"));
	keep_url(m, m->gateway_url, sizeof(m->gateway_url),
	    member(root, "gateway_url"));
	keep(m->application_id, sizeof(m->application_id),
	    member(root, "application_id"));
	discord_budget_read(json_object_get(root, "identifies"), &m->budget);
	m->seq = json_integer_value(seq);
	if (!json_is_integer(seq) || m->seq < 0 || m->seq > seq_max) {
		discord_memory_forget(m);
	}
}

void
discord_memory_init(struct discord_memory *m, const char *token, bool plain,
    const char *stored)
{
	CLEANUP(json_drop) json_t *root = NULL;

	*m = (struct discord_memory){.seq = DISCORD_SEQ_NONE, .plain = plain};
	m->open = mem_new(DISCORD_OPEN_MAX, sizeof(*m->open));
	digest(token, m->token);
	if (stored == NULL) {
		return;
	}
	if (json_read(stored, strlen(stored), &root, NULL) != RC_OK) {
		log_warn("discord what was stored of the session is lost");
		return;
	}
	load(m, root);
}

void
discord_memory_fini(struct discord_memory *m)
{
	mem_drop(&m->open);
}

/* The highest number below which all is handled, itself included. */
static long long
floor_of(const struct discord_memory *m)
{
	return m->open_n > 0 ? m->open[0] - 1 : m->seq;
}

char *
discord_memory_text(const struct discord_memory *m, struct arena *a)
{
	CLEANUP(json_drop) json_t *root =
	    json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "format",
		FORMAT, "token", m->token, "session_id", m->session_id,
		"resume_url", m->resume_url, "gateway_url", m->gateway_url,
		"application_id", m->application_id, "seq",
		(json_int_t)floor_of(m), "identifies",
		discord_budget_write(&m->budget));

	assert(root != NULL);
	return json_compact(a, root, NULL);
}

enum discord_target
discord_memory_target(const struct discord_memory *m)
{
	if (m->session_id[0] == '\0') {
		return DISCORD_IDENTIFY;
	}
	if (m->resume_url[0] == '\0') {
		return DISCORD_RESUME_MAIN;
	}
	if (m->resume_failures < DISCORD_UNREACHED_MAX ||
	    m->resume_failures % 2 != 0) {
		return DISCORD_RESUME_THERE;
	}
	return DISCORD_RESUME_MAIN;
}

const char *
discord_memory_url(const struct discord_memory *m, enum discord_target target)
{
	if (target == DISCORD_RESUME_THERE) {
		return m->resume_url;
	}
	return m->gateway_url[0] != '\0' ? m->gateway_url : NULL;
}

void
discord_memory_forget(struct discord_memory *m)
{
	m->session_id[0] = '\0';
	m->resume_url[0] = '\0';
	m->seq = DISCORD_SEQ_NONE;
	m->open_n = 0;
	m->session_n++;
	m->resume_failures = 0;
	m->deaths = 0;
}

void
discord_memory_unreached(struct discord_memory *m, enum discord_target target)
{
	m->resume_failures += target != DISCORD_IDENTIFY ? 1 : 0;
	m->main_failures += target != DISCORD_RESUME_THERE ? 1 : 0;
}

void
discord_memory_reached(struct discord_memory *m, enum discord_target target,
    const char *url)
{
	if (target == DISCORD_RESUME_THERE) {
		return;
	}
	m->main_failures = 0;
	keep_url(m, m->gateway_url, sizeof(m->gateway_url), url);
}

void
discord_memory_died(struct discord_memory *m, enum discord_target target)
{
	m->resume_failures++;
	m->deaths++;
	if (m->deaths >= DEATHS_MAX ||
	    (target == DISCORD_RESUME_MAIN && m->resume_url[0] != '\0')) {
		discord_memory_forget(m);
	}
}

bool
discord_memory_stale(const struct discord_memory *m)
{
	return m->gateway_url[0] == '\0' ||
	    m->main_failures >= DISCORD_UNREACHED_MAX;
}

void
discord_memory_found(struct discord_memory *m, const char *url)
{
	m->main_failures = 0;
	if (url != NULL) {
		keep_url(m, m->gateway_url, sizeof(m->gateway_url), url);
	}
}

void
discord_memory_ready(struct discord_memory *m,
    const struct discord_ready *ready, long long seq)
{
	discord_memory_forget(m);
	keep(m->session_id, sizeof(m->session_id), ready->session_id);
	keep_url(m, m->resume_url, sizeof(m->resume_url), ready->resume_url);
	if (ready->application_id != NULL) {
		keep(m->application_id, sizeof(m->application_id),
		    ready->application_id);
	}
	m->seq = seq != DISCORD_SEQ_NONE ? seq : 0;
}

void
discord_memory_resumed(struct discord_memory *m)
{
	m->resume_failures = 0;
	m->deaths = 0;
}

/* Keeps the order; the same number again is not kept twice. */
static void
open_add(struct discord_memory *m, long long seq)
{
	size_t i = m->open_n;

	if (m->open_n == DISCORD_OPEN_MAX) {
		log_warn("discord too many interactions wait to be stored "
			 "forgotten_seq=%lld",
		    m->open[0]);
		m->open_n--;
		memmove(m->open, m->open + 1, m->open_n * sizeof(*m->open));
		i--;
	}
	while (i > 0 && m->open[i - 1] > seq) {
		i--;
	}
	if (i > 0 && m->open[i - 1] == seq) {
		return;
	}
	memmove(m->open + i + 1, m->open + i,
	    (m->open_n - i) * sizeof(*m->open));
	m->open[i] = seq;
	m->open_n++;
}

long long
discord_memory_seen(struct discord_memory *m, long long seq, bool open)
{
	if (seq < 0 || seq > seq_max) {
		return 0;
	}
	m->seq = seq > m->seq ? seq : m->seq;
	if (!open) {
		return 0;
	}
	open_add(m, seq);
	return m->session_n << TICKET_BITS | seq;
}

bool
discord_memory_handled(struct discord_memory *m, long long ticket)
{
	long long before = floor_of(m), seq = ticket & seq_max;
	size_t i = 0;

	if (ticket <= 0 || ticket >> TICKET_BITS != m->session_n) {
		return false;
	}
	while (i < m->open_n && m->open[i] < seq) {
		i++;
	}
	if (i == m->open_n || m->open[i] != seq) {
		return false;
	}
	m->open_n--;
	memmove(m->open + i, m->open + i + 1,
	    (m->open_n - i) * sizeof(*m->open));
	return floor_of(m) != before;
}
