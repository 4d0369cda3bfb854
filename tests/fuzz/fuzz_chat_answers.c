/*
 * Whatever the APIs of the chats answer, head and body, is judged as one of
 * the kinds of end, and its words are bounded. The first line is the status,
 * then lines "Name: value" up to an empty one, then the body.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bots/discord_rest.h"
#include "bots/slack_web.h"
#include "lib/json.h"

enum { HEADS_MAX = 16 };

/* The lines of the head, cut apart in place. */
struct heads {
	char *name[HEADS_MAX], *value[HEADS_MAX];
	size_t n;
};

static const char *
header(const struct http_answer *a, const char *name)
{
	const struct heads *h = a->impl;

	for (size_t i = 0; i < h->n; i++) {
		if (strcasecmp(h->name[i], name) == 0) {
			return h->value[i];
		}
	}
	return NULL;
}

static char *
take_line(char **rest)
{
	char *line = *rest, *end = strchr(line, '\n');

	*rest = end != NULL ? end + 1 : line + strlen(line);
	if (end != NULL) {
		*end = '\0';
	}
	return line;
}

static void
read_heads(char **rest, struct heads *h)
{
	char *line;

	while (h->n < HEADS_MAX && (line = take_line(rest))[0] != '\0') {
		char *colon = strstr(line, ": ");

		if (colon != NULL) {
			*colon = '\0';
			h->name[h->n] = line;
			h->value[h->n++] = colon + 2;
		}
	}
}

static void
judge_discord(const struct http_answer *answer)
{
	CLEANUP(json_drop) json_t *body = NULL;
	struct discord_heads heads;
	struct discord_reply reply = {0};
	char words[200];

	memset(&heads, 0, sizeof(heads));
	discord_heads_read(answer, &heads, &body);
	assert(memchr(heads.words, '\0', sizeof(heads.words)) != NULL);
	assert(memchr(heads.bucket, '\0', sizeof(heads.bucket)) != NULL);
	assert(heads.json == (body != NULL));
	discord_judge(&heads, &reply, words, sizeof(words));
	assert(reply.rc < RC_COUNT && reply.retry_after_s >= 0);
}

static void
judge_slack(const struct http_answer *answer)
{
	struct slack_reply reply;

	memset(&reply, 0, sizeof(reply));
	slack_web_judge(answer, &reply);
	assert(memchr(reply.error, '\0', sizeof(reply.error)) != NULL);
	assert(memchr(reply.detail, '\0', sizeof(reply.detail)) != NULL);
	slack_reply_fini(&reply);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *rest = text;
	struct heads heads = {.n = 0};
	struct http_answer answer = {.header = header, .impl = &heads};

	assert(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	answer.status = (int)(strtoul(take_line(&rest), NULL, 10) % 1000);
	read_heads(&rest, &heads);
	answer.body = rest;
	answer.body_len = size - (size_t)(rest - text);
	judge_discord(&answer);
	judge_slack(&answer);
	free(text);
	return 0;
}
