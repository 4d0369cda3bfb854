/*
 * discord_gateway: what is said on the gateway (Discord, "Gateway Events"),
 * read and written; and what an end of the connection means. Pure.
 */
#ifndef BOTS_DISCORD_GATEWAY_H
#define BOTS_DISCORD_GATEWAY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/rc.h"

enum {
	DISCORD_FRAME_MAX = 8 * 1024 * 1024, /* bytes of a message to us */
	DISCORD_SEND_MAX = 4096, /* of one from us; more is closed with 4002 */
	DISCORD_SESSION_ID_MAX = 200,
	DISCORD_URL_MAX = 512,
	DISCORD_SNOWFLAKE_MAX = 20, /* digits of an unsigned 64-bit number */
	DISCORD_BEAT_MS_MIN = 10,   /* a heartbeat interval that we believe */
	DISCORD_BEAT_MS_MAX = 3600 * 1000
};

/* Discord, "Gateway Opcodes". Those that are missing are not for us. */
enum discord_op {
	DISCORD_OP_DISPATCH = 0,
	DISCORD_OP_HEARTBEAT = 1,
	DISCORD_OP_IDENTIFY = 2,
	DISCORD_OP_RESUME = 6,
	DISCORD_OP_RECONNECT = 7,
	DISCORD_OP_INVALID = 9,
	DISCORD_OP_HELLO = 10,
	DISCORD_OP_ACK = 11,
	DISCORD_OPS
};

enum { DISCORD_SEQ_NONE = -1 };

struct discord_frame {
	json_t *root;	  /* owned */
	long long op;	  /* as sent: may be none that we know */
	long long seq;	  /* DISCORD_SEQ_NONE = none was given */
	const char *type; /* of a dispatch; else "" */
	const json_t *d;  /* never NULL; the null of JSON when absent */
};

/* RC_INVALID: not an object with an opcode. *out is then empty. */
enum rc discord_frame_read(const char *text, size_t len,
    struct discord_frame *out, struct fault *) MUST_CHECK;
/* For CLEANUP. Of an empty one: nothing. */
void discord_frame_fini(struct discord_frame *);

/* Of a Hello: the heartbeat interval. */
enum rc discord_hello_read(const json_t *d, int *out_ms) MUST_CHECK;

/* Of a READY; borrowed from it. */
struct discord_ready {
	const char *session_id;
	const char *resume_url;	    /* or NULL */
	const char *application_id; /* or NULL */
};

/* RC_INVALID: no session id, or one that is too long to keep. What else is
 * not as it should be counts as absent. */
enum rc discord_ready_read(const json_t *d, struct discord_ready *out)
    MUST_CHECK;

/* Of GET /gateway/bot. */
struct discord_found {
	char url[DISCORD_URL_MAX + 1];
	bool limited; /* a session_start_limit came with it: */
	long long total;
	long long remaining;
	long long reset_after_ms;
};

/* RC_INVALID: no usable URL. `plain` as below. */
enum rc discord_found_read(const char *body, size_t len, bool plain,
    struct discord_found *out) MUST_CHECK;

/*
 * The address to connect to, from one that Discord gave ("Gateway", "Connecting
 * to the Gateway"): with a path, version and encoding. NULL: not wss (nor ws,
 * where that is `plain` allowed), or too long.
 */
char *discord_gateway_url(struct arena *, const char *base, bool plain);

/* Frames of ours, as text. DISCORD_SEQ_NONE gives null. */
char *discord_heartbeat_text(struct arena *, long long seq, size_t *out_len);
char *discord_identify_text(struct arena *, const char *token, size_t *out_len);
char *discord_resume_text(struct arena *, const char *token,
    const char *session_id, long long seq, size_t *out_len);

enum discord_verdict {
	DISCORD_MAY_RESUME,
	DISCORD_MUST_IDENTIFY, /* the session is gone */
	DISCORD_MUST_STOP      /* again would end the same way */
};

struct discord_close {
	int code;
	enum discord_verdict verdict;
	bool ours;	   /* a mistake of ours: log it as an error */
	int wait_ms;	   /* at least this long before the next connection */
	const char *words; /* what it means */
};

/* Discord, "Gateway Close Event Codes". Unknown ones may be resumed. */
const struct discord_close *discord_close_find(int code);

#endif
