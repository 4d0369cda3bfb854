/*
 * slack_web: methods of Slack's Web API, and what their answers mean.
 *
 * Says what to call and how the answer counts; when to call again is for the
 * caller to decide (see slack_pace).
 */
#ifndef BOTS_SLACK_WEB_H
#define BOTS_SLACK_WEB_H

#include <jansson.h>

#include "lib/http_client.h"
#include "lib/rc.h"

enum slack_method {
	SLACK_AUTH_TEST,
	SLACK_LOOKUP_BY_EMAIL,
	SLACK_CONVERSATIONS_OPEN,
	SLACK_HISTORY,
	SLACK_POST_MESSAGE,
	SLACK_UPDATE,
	SLACK_POST_EPHEMERAL,
	SLACK_VIEWS_OPEN,
	SLACK_METHODS
};

/* "chat.update"; for logs. */
const char *slack_method_name(enum slack_method);

enum slack_verdict {
	SLACK_FINE,
	SLACK_LIMITED, /* this method, too often; see retry_after_s */
	SLACK_BUSY,    /* not sent: our own client is full, or stops */
	SLACK_TEMP,    /* it did not happen, and may later */
	SLACK_UNSURE,  /* it may have happened */
	SLACK_REFUSED, /* it will not happen; `error` says why */
	SLACK_FATAL,   /* nothing will, with this token */
	SLACK_VERDICTS
};

enum { SLACK_ERROR_MAX = 64, SLACK_DETAIL_MAX = 200, SLACK_SCOPES_MAX = 1024 };

struct slack_reply {
	enum slack_verdict verdict;
	int retry_after_s;	       /* of SLACK_LIMITED: at least 1 */
	char error[SLACK_ERROR_MAX];   /* Slack's word, or "" */
	char detail[SLACK_DETAIL_MAX]; /* for the audit; no secrets */
	char needed[SLACK_ERROR_MAX];  /* scope, of missing_scope; or "" */
	char scopes[SLACK_SCOPES_MAX]; /* of the token, as the head says */
	json_t *body;		       /* owned; NULL when there is none */
};

void slack_reply_fini(struct slack_reply *);

/* Borrows all. */
struct slack_web {
	struct http_client *http;
	const char *api_url; /* with a slash at the end */
	const char *token;   /* secret */
};

/*
 * Calls the method with these arguments, which are taken; NULL = none. `done`
 * runs once on the courier's thread and owns the reply's body. RC_BUSY: it is
 * not called.
 */
enum rc slack_web_call(const struct slack_web *, enum slack_method,
    enum http_pool, json_t *args, void (*done)(void *arg, struct slack_reply *),
    void *arg) MUST_CHECK;

/* How an answer counts; for tests too. */
void slack_web_judge(const struct http_answer *, struct slack_reply *out);

#endif
