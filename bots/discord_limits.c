#include "bots/discord_limits.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
	SLACK_MS = 50, /* a window is over a little later than it is said */
	RETRY_MIN_MS = 1000,
	RETRY_MAX_S = 24 * 3600,
	FULL_MS = 1000, /* before looking again for a free window */
	/* 10 in 250 ms are at most 50 in any second. */
	SHARE_MAX = 10,
	SHARE_MS = 250,
	INVALID_MS = 10 * 60 * 1000,
	OLD_EDIT_MS = 7000 /* 3 in 20 s is what was seen to work */
};

enum {
	HTTP_UNAUTHORIZED = 401,
	HTTP_FORBIDDEN = 403,
	HTTP_TOO_MANY = 429,
	CODE_OLD_EDITS = 30046,
	CODE_CLOUDFLARE = 40333
};

static const char old_edits[] = "old edits";

/* --- windows -------------------------------------------------------------- */

static const char *
name_of(const struct discord_limits *l, enum discord_route route)
{
	static const char *const names[DISCORD_ROUTES] = {
	    [DISCORD_POST] = "POST messages",
	    [DISCORD_PATCH] = "PATCH message",
	    [DISCORD_LIST] = "GET messages",
	    [DISCORD_OPEN_DM] = "POST dm",
	    [DISCORD_CHANNEL] = "GET channel",
	    [DISCORD_APP] = "GET application",
	};

	assert(route < DISCORD_ROUTES);
	return l->hash[route][0] != '\0' ? l->hash[route] : names[route];
}

static int
find(const struct discord_limits *l, const char *name, const char *major)
{
	for (int i = 0; i < l->windows_n; i++) {
		if (strcmp(l->windows[i].name, name) == 0 &&
		    strcmp(l->windows[i].major, major) == 0) {
			return i;
		}
	}
	return -1;
}

/* The place of the one that was used longest ago and holds nothing; -1. */
static int
free_place(const struct discord_limits *l, long long now)
{
	int found = -1;

	if (l->windows_n < DISCORD_WINDOWS_MAX) {
		return l->windows_n;
	}
	for (int i = 0; i < l->windows_n; i++) {
		const struct discord_window *w = &l->windows[i];

		if (!w->busy && w->until_ms <= now &&
		    (found < 0 || w->used_ms < l->windows[found].used_ms)) {
			found = i;
		}
	}
	return found;
}

/* Finds or makes it; -1: there is no room. */
static int
window_at(struct discord_limits *l, const char *name, const char *major,
    long long now)
{
	int i = find(l, name, major);

	if (i < 0) {
		i = free_place(l, now);
		if (i < 0) {
			return -1;
		}
		l->windows[i] = (struct discord_window){.until_ms = 0};
		(void)snprintf(l->windows[i].name, DISCORD_HASH_SIZE, "%s",
		    name);
		(void)snprintf(l->windows[i].major, DISCORD_MAJOR_SIZE, "%s",
		    major);
		l->windows_n += i == l->windows_n;
	}
	l->windows[i].used_ms = now;
	return i;
}

static long long
later(long long a, long long b)
{
	return a > b ? a : b;
}

long long
discord_limits_wait(struct discord_limits *l, const struct discord_ticket *t,
    long long now)
{
	int i = window_at(l, name_of(l, t->route), t->major, now);
	int old = t->old ? find(l, old_edits, t->major) : -1;
	long long until = later(l->stop_ms, l->global_ms);

	if (i < 0) {
		return FULL_MS;
	}
	if (l->windows[i].busy) {
		return DISCORD_WAIT_FOREVER;
	}
	until = later(until, l->windows[i].until_ms);
	until = later(until, t->not_before_ms);
	if (old >= 0) {
		until = later(until, l->windows[old].until_ms);
	}
	if (l->second_n >= SHARE_MAX) {
		until = later(until, l->second_ms + SHARE_MS);
	}
	return until > now ? until - now : 0;
}

void
discord_limits_begin(struct discord_limits *l, struct discord_ticket *t,
    long long now)
{
	assert(discord_limits_wait(l, t, now) == 0);
	if (now - l->second_ms >= SHARE_MS) {
		l->second_ms = now;
		l->second_n = 0;
	}
	l->second_n++;
	t->window = window_at(l, name_of(l, t->route), t->major, now);
	l->windows[t->window].busy = true;
}

/* --- answers -------------------------------------------------------------- */

static void
stop(struct discord_limits *l, long long ms, bool banned, const char *words,
    long long now)
{
	l->stop_ms = later(l->stop_ms, now + ms);
	l->stop_words = words;
	l->banned = l->banned || banned;
}

static long long
retry_ms(const struct discord_heads *h)
{
	double s = h->retry_after_s < RETRY_MAX_S ? h->retry_after_s
						  : RETRY_MAX_S;
	long long ms = s > 0 ? (long long)(s * 1000 + 0.5) : 0;

	return later(ms, RETRY_MIN_MS) + SLACK_MS;
}

/*
 * Cloudflare in front of Discord answers in its own name: without Via, as
 * HTML, or without saying when to come back (Discord, "Rate Limits", Invalid
 * Request Limit).
 */
static bool
is_ban(const struct discord_heads *h)
{
	if (h->status == HTTP_TOO_MANY) {
		return !h->via || !h->json ||
		    (h->retry_after_s < 0 && h->code == 0);
	}
	return h->status == HTTP_FORBIDDEN &&
	    (!h->json || (!h->via && h->code == 0));
}

/* True: everything stops. */
static bool
note(struct discord_limits *l, const struct discord_heads *h, bool with_token,
    long long now)
{
	bool invalid = h->status == HTTP_UNAUTHORIZED ||
	    h->status == HTTP_FORBIDDEN ||
	    (h->status == HTTP_TOO_MANY && !h->shared);

	if (l->stop_ms <= now) {
		l->banned = false;
	}
	if (is_ban(h)) {
		stop(l, later(DISCORD_STOP_MS, retry_ms(h)), true,
		    "Discord bans this address for a while", now);
		return true;
	}
	if (h->code == CODE_CLOUDFLARE) {
		stop(l, DISCORD_STOP_MS, true,
		    "Discord's shield takes us for somebody else (40333)", now);
		return true;
	}
	if (invalid &&
	    !bucket_take(&l->invalid, DISCORD_INVALID_MAX, INVALID_MS, now)
		 .allowed) {
		stop(l, INVALID_MS, true,
		    "too many requests were refused; more would mean a ban",
		    now);
		return true;
	}
	if (h->status == HTTP_UNAUTHORIZED && with_token) {
		stop(l, DISCORD_STOP_MS, false, "Discord refuses the bot token",
		    now);
		return true;
	}
	return false;
}

void
discord_limits_note(struct discord_limits *l, const struct discord_heads *h,
    long long now)
{
	(void)note(l, h, false, now);
}

/* Learns the bucket of a route, and what is left in it. */
static struct discord_window *
learn(struct discord_limits *l, const struct discord_ticket *t,
    const struct discord_heads *h, long long now)
{
	struct discord_window *w = &l->windows[t->window];
	int i;

	/* The request may have gone out before the hash was known. */
	if (h->bucket[0] != '\0') {
		(void)snprintf(l->hash[t->route], DISCORD_HASH_SIZE, "%s",
		    h->bucket);
		i = window_at(l, h->bucket, t->major, now);
		w = i >= 0 ? &l->windows[i] : w;
	}
	if (h->remaining == 0 && h->reset_after_s >= 0 &&
	    h->reset_after_s < RETRY_MAX_S) {
		w->until_ms = later(w->until_ms,
		    now + (long long)(h->reset_after_s * 1000) + SLACK_MS);
	}
	return w;
}

/* After an edit of an old message; only where Discord once complained. */
static void
pace(struct discord_limits *l, const struct discord_ticket *t, bool refused,
    long long ms, long long now)
{
	int i = refused ? window_at(l, old_edits, t->major, now)
			: find(l, old_edits, t->major);

	if (i >= 0) {
		l->windows[i].until_ms = now + later(ms, OLD_EDIT_MS);
		l->windows[i].used_ms = now;
	}
}

static void
slow_down(struct discord_limits *l, struct discord_ticket *t,
    struct discord_window *w, const struct discord_heads *h, long long now)
{
	long long ms = retry_ms(h);

	if (h->code == CODE_OLD_EDITS) {
		pace(l, t, true, ms, now);
		t->old = true;
	} else if (h->global) {
		l->global_ms = later(l->global_ms, now + ms);
	} else if (h->remaining > 0) {
		t->not_before_ms = now + ms; /* a limit of this request only */
	} else {
		w->until_ms = later(w->until_ms, now + ms);
	}
}

enum discord_end
discord_limits_end(struct discord_limits *l, struct discord_ticket *t,
    const struct discord_heads *h, long long now)
{
	struct discord_window *w;

	assert(l->windows[t->window].busy);
	l->windows[t->window].busy = false;
	if (h == NULL) {
		return DISCORD_END_DONE;
	}
	w = learn(l, t, h, now);
	if (note(l, h, true, now)) {
		return DISCORD_END_STOP;
	}
	if (h->status == HTTP_TOO_MANY) {
		slow_down(l, t, w, h, now);
		return DISCORD_END_AGAIN;
	}
	if (t->old) {
		pace(l, t, false, 0, now);
	}
	return DISCORD_END_DONE;
}

const char *
discord_limits_stopped(const struct discord_limits *l, long long now)
{
	return l->stop_ms > now ? l->stop_words : NULL;
}
