/*
 * The input as a frame of the gateway, as an answer to GET /gateway/bot, as an
 * address, and as what was stored of a session.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bots/discord_gateway.h"
#include "bots/discord_memory.h"
#include "lib/mem.h"

static void
as_frame(const char *text, size_t len)
{
	CLEANUP(discord_frame_fini) struct discord_frame frame;
	struct discord_ready ready;
	int ms = 0;

	if (discord_frame_read(text, len, &frame, NULL) != RC_OK) {
		assert(frame.root == NULL);
		return;
	}
	assert(frame.d != NULL && frame.type != NULL);
	assert(frame.seq >= DISCORD_SEQ_NONE);
	if (discord_hello_read(frame.d, &ms) == RC_OK) {
		assert(ms >= DISCORD_BEAT_MS_MIN && ms <= DISCORD_BEAT_MS_MAX);
	}
	if (discord_ready_read(frame.d, &ready) == RC_OK) {
		CLEANUP(discord_memory_fini) struct discord_memory m;

		discord_memory_init(&m, "token", true, NULL);
		discord_memory_ready(&m, &ready, frame.seq);
		assert(m.session_id[0] != '\0' && m.seq >= 0);
		(void)discord_memory_seen(&m, frame.seq, true);
	}
}

static void
as_address(const char *text)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const char *url = discord_gateway_url(a, text, true);

	if (url != NULL) {
		assert(strncmp(url, "ws", 2) == 0);
		assert(strstr(url, "/?v=10&encoding=json") != NULL);
		assert(strpbrk(url, " \r\n") == NULL);
	}
}

/* What is read is written again as the same. */
static void
as_stored(const char *text)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(discord_memory_fini) struct discord_memory m, next;
	const char *once, *twice;
	bool spent;

	discord_memory_init(&m, "token", true, text);
	once = discord_memory_text(&m, a);
	discord_memory_init(&next, "token", true, once);
	twice = discord_memory_text(&next, a);
	assert(strcmp(once, twice) == 0);
	assert(discord_budget_wait_ms(&m.budget, 1700000000000, &spent) >= 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(mem_drop) char *text = mem_strndup((const char *)data, len);
	struct discord_found found;

	as_frame((const char *)data, len);
	if (discord_found_read((const char *)data, len, false, &found) ==
	    RC_OK) {
		assert(strncmp(found.url, "wss://", 6) == 0);
	}
	as_address(text);
	as_stored(text);
	return 0;
}
