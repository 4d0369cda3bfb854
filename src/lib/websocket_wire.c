#include <assert.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <libwebsockets.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/websocket_impl.h"

enum {
	/* Bytes read at a time; also room for the upgrade request. */
	READ_SIZE = 16 * 1024,
	/* Sockets it can have, with its own and those it is still closing. */
	FDS_MAX = 4 * WEBSOCKET_CONNECTIONS_MAX,
	/* libwebsockets' own patience: beyond ours, which ends things first. */
	PATIENCE_S = 3600,
	RETRY_AFTER_DIGITS_MAX = 8,
	TLS_WORDS_SIZE = 100,
};

#define PROTOCOL "assent" /* ours for its table; never said to a server */

struct wire {
	struct lws_context *context;
	lws_sorted_usec_list_t alarm;
};

/* Why TLS failed: libwebsockets says it to its log, and nowhere else. */
static _Thread_local char tls_words[TLS_WORDS_SIZE];

/*
 * Its lines may hold URLs, and so tickets; nothing of them is logged. All that
 * is wanted is "SSL error: WORDS (preverify_ok=0;err=18;depth=0)".
 */
static void
hear_log(int level, const char *line)
{
	static const char begin[] = "SSL error: ";
	const char *words = strstr(line, begin);

	(void)level;
	if (words == NULL) {
		return;
	}
	words += sizeof(begin) - 1;
	(void)snprintf(tls_words, sizeof(tls_words), "%.*s",
	    (int)strcspn(words, "(\n"), words);
}

/* --- what it calls back: facts are noted, and that is all ---------------- */

/* The attempt's number stands where a pointer would dangle one day. */
static struct connection *
connection_of(struct lws *wsi)
{
	struct lws_context *context = lws_get_context(wsi);

	return connection_of_attempt(lws_context_user(context),
	    (uintptr_t)lws_wsi_user(wsi));
}

/* Another one as "User-Agent: ..."; `in` is where it goes, `len` the room. */
static int
on_handshake(struct connection *c, struct lws *wsi, void *in, size_t len)
{
	char **at = in;
	int n;

	(void)wsi;
	c->facts.asked = true;
	if (c->user_agent == NULL) {
		return 0;
	}
	n = snprintf(*at, len, "User-Agent: %s\r\n", c->user_agent);
	if (n < 0 || (size_t)n >= len) {
		return -1;
	}
	*at += n;
	return 0;
}

static int
on_certificate(struct connection *c, struct lws *wsi, void *in, size_t verified)
{
	(void)wsi;
	(void)in;
	if (verified == 0) {
		c->facts.cert_bad = true;
	}
	return 0; /* what OpenSSL found stands */
}

static int
on_opened(struct connection *c, struct lws *wsi, void *in, size_t len)
{
	(void)wsi;
	(void)in;
	(void)len;
	c->facts.opened = true;
	return 0;
}

/* RFC 9110 10.2.3: seconds, or a date. 0 when it is neither or past. */
static int
retry_after_s(const char *s)
{
	size_t digits = strspn(s, "0123456789");
	struct tm tm = {0};
	const char *end;
	long long s_left;

	if (digits > 0) {
		return digits <= RETRY_AFTER_DIGITS_MAX &&
			s[digits + strspn(s + digits, " \t")] == '\0'
		    ? (int)strtol(s, NULL, 10)
		    : 0;
	}
	end = strptime(s, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end == NULL || *end != '\0') {
		return 0;
	}
	s_left = timegm(&tm) - clock_now_ms() / 1000;
	return s_left > 0 && s_left <= INT_MAX ? (int)s_left : 0;
}

static int
on_failed(struct connection *c, struct lws *wsi, void *in, size_t len)
{
	int status = (int)lws_http_client_http_response(wsi);
	char value[64];

	c->facts.gone = true;
	if (c->facts.cert_bad) {
		(void)snprintf(c->facts.detail, DETAIL_SIZE, "%s", tls_words);
		return 0;
	}
	if (in != NULL) {
		(void)snprintf(c->facts.detail, DETAIL_SIZE, "%.*s", (int)len,
		    (const char *)in);
	}
	/* 101 with something else wrong is no refusal. */
	if (!c->facts.asked || status <= 0 || status == 101) {
		return 0;
	}
	c->facts.status = status;
	if (lws_hdr_copy(wsi, value, sizeof(value),
		WSI_TOKEN_HTTP_RETRY_AFTER) > 0) {
		c->facts.retry_after_s = retry_after_s(value);
	}
	return 0;
}

static void
message_came(struct connection *c)
{
	struct incoming *m = mem_new(1, sizeof(*m));

	m->text = c->part;
	buf_init(&c->part, c->message_max);
	STAILQ_INSERT_TAIL(&c->inbox, m, link);
}

static int
on_piece(struct connection *c, struct lws *wsi, void *in, size_t len)
{
	bool last = lws_is_final_fragment(wsi) &&
	    lws_remaining_packet_payload(wsi) == 0;

	if (c->facts.too_large || c->state == CONNECTION_CLOSING) {
		return 0;
	}
	if (lws_frame_is_binary(wsi)) {
		if (last) {
			log_debug("websocket %llu dropped a binary message",
			    c->id);
		}
		return 0;
	}
	buf_add(&c->part, in, len);
	if (c->part.full) {
		c->facts.too_large = true;
		buf_fini(&c->part);
	} else if (last) {
		message_came(c);
	}
	return 0;
}

/* True when it went out or lies with libwebsockets to go. */
static bool
write_next(struct connection *c, struct lws *wsi)
{
	struct outgoing *m = STAILQ_FIRST(&c->outbox);
	int n = lws_write(wsi, m->text, m->len, LWS_WRITE_TEXT);
	bool ok = n >= 0 && (size_t)n >= m->len;

	STAILQ_REMOVE_HEAD(&c->outbox, link);
	c->unsent--;
	free(m);
	return ok;
}

/* One thing at a time, as it wants it. */
static int
on_writable(struct connection *c, struct lws *wsi, void *in, size_t len)
{
	unsigned char ping[LWS_PRE + 1];
	char reason[CLOSE_REASON_MAX + 1];
	bool ok = true;

	(void)in;
	(void)len;
	if (c->ping_due) {
		c->ping_due = false;
		ok = lws_write(wsi, ping + LWS_PRE, 0, LWS_WRITE_PING) >= 0;
	} else if (!STAILQ_EMPTY(&c->outbox)) {
		ok = write_next(c, wsi);
	} else if (c->state == CONNECTION_CLOSING && !c->close_said) {
		c->close_said = true;
		memcpy(reason, c->close_reason, sizeof(reason));
		lws_close_reason(wsi, (enum lws_close_status)c->close_code,
		    (unsigned char *)reason, strlen(reason));
		return -1; /* is how it is told to begin */
	}
	if (!ok) {
		return -1;
	}
	if (!STAILQ_EMPTY(&c->outbox) || c->state == CONNECTION_CLOSING) {
		lws_callback_on_writable(wsi);
	}
	return 0;
}

/*
 * RFC 6455 7.1.5: without a body, the code is 1005. Half a code is no close:
 * then it broke off. Of codes that must not be sent (7.4), libwebsockets makes
 * 1002, which is also what it answers.
 */
static int
on_peer_close(struct connection *c, struct lws *wsi, void *in, size_t len)
{
	const unsigned char *body = in;

	(void)wsi;
	c->facts.closed = len != 1;
	c->facts.code = CLOSE_NO_STATUS;
	if (len >= 2) {
		c->facts.code = body[0] << 8 | body[1];
		(void)snprintf(c->facts.reason, sizeof(c->facts.reason), "%.*s",
		    (int)len - 2, (const char *)body + 2);
	}
	return 0; /* it answers by itself */
}

static int
on_closed(struct connection *c, struct lws *wsi, void *in, size_t len)
{
	(void)wsi;
	(void)in;
	(void)len;
	c->facts.gone = true;
	return 0;
}

static int
on_destroyed(struct connection *c, struct lws *wsi, void *in, size_t len)
{
	(void)wsi;
	(void)in;
	(void)len;
	c->facts.gone = true;
	c->wsi = NULL;
	c->attempt = 0;
	return 0;
}

static int
on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
    size_t len)
{
	static const struct {
		enum lws_callback_reasons reason;
		int (*note)(struct connection *, struct lws *, void *in,
		    size_t len);
	} rows[] = {
	    {LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER, on_handshake},
	    {LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION,
		on_certificate},
	    {LWS_CALLBACK_CLIENT_CONNECTION_ERROR, on_failed},
	    {LWS_CALLBACK_CLIENT_ESTABLISHED, on_opened},
	    {LWS_CALLBACK_CLIENT_RECEIVE, on_piece},
	    {LWS_CALLBACK_CLIENT_WRITEABLE, on_writable},
	    {LWS_CALLBACK_WS_PEER_INITIATED_CLOSE, on_peer_close},
	    {LWS_CALLBACK_CLIENT_CLOSED, on_closed},
	    {LWS_CALLBACK_WSI_DESTROY, on_destroyed},
	};
	struct connection *c;

	(void)user; /* of some reasons it is something else */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].reason != reason) {
			continue;
		}
		c = connection_of(wsi);
		return c != NULL ? rows[i].note(c, wsi, in, len) : 0;
	}
	return 0;
}

/* --- the context --------------------------------------------------------- */

/* It fires inside lws_service(), which may then begin to wait again. */
static void
on_alarm(lws_sorted_usec_list_t *alarm)
{
	struct wire *w = lws_container_of(alarm, struct wire, alarm);

	lws_cancel_service(w->context);
}

struct wire *
wire_new(struct websocket_loop *loop, const char *ca_file)
{
	static const struct lws_protocols protocols[] = {
	    {.name = PROTOCOL, .callback = on_lws, .rx_buffer_size = READ_SIZE},
	    {0},
	};
	struct lws_context_creation_info info = {
	    .port = CONTEXT_PORT_NO_LISTEN,
	    .protocols = protocols,
	    .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
	    .client_ssl_ca_filepath = ca_file,
	    .http_proxy_address = "", /* else it is $http_proxy */
	    .user = loop,
	    .pt_serv_buf_size = READ_SIZE,
	    .fd_limit_per_thread = FDS_MAX,
	    .timeout_secs = PATIENCE_S,
	    .connect_timeout_secs = PATIENCE_S,
	};
	struct wire *w;

	lws_set_log_level(LLL_ERR, hear_log);
	w = mem_new(1, sizeof(*w));
	w->context = lws_create_context(&info);
	if (w->context == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

void
wire_free(struct wire *w)
{
	if (w == NULL) {
		return;
	}
	lws_sul_cancel(&w->alarm);
	lws_context_destroy(w->context);
	free(w);
}

void
wire_work(struct wire *w, long long until_us)
{
	long long wait_us = until_us - clock_mono_us();

	if (until_us == LLONG_MAX) {
		lws_sul_cancel(&w->alarm);
	} else {
		lws_sul_schedule(w->context, 0, &w->alarm, on_alarm,
		    wait_us > 0 ? wait_us : 1);
	}
	lws_service(w->context, 0);
}

void
wire_wake(struct wire *w)
{
	lws_cancel_service(w->context);
}

/* --- one connection ------------------------------------------------------ */

void
wire_has_work(struct connection *c)
{
	if (c->wsi != NULL) {
		lws_callback_on_writable(c->wsi);
	}
}

void
wire_send(struct connection *c, const char *text, size_t len)
{
	struct outgoing *m = mem_new(1, sizeof(*m) + LWS_PRE + len);

	m->len = len;
	m->text = m->room + LWS_PRE;
	if (len > 0) {
		memcpy(m->text, text, len);
	}
	STAILQ_INSERT_TAIL(&c->outbox, m, link);
	c->unsent++;
	wire_has_work(c);
}

void
wire_connect(struct connection *c)
{
	/* Liveness is looked after in websocket.c. */
	static const lws_retry_bo_t never = {0};
	struct websocket_loop *loop = c->loop;
	struct lws *wsi;
	struct lws_client_connect_info info = {
	    .context = loop->wire->context,
	    .address = c->addrs.addrs[c->addr],
	    .port = c->url.port,
	    .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT |
		(c->tls ? LCCSCF_USE_SSL : 0),
	    .path = c->url.path,
	    .host = c->host,
	    .local_protocol_name = PROTOCOL,
	    .alpn = "http/1.1",
	    .retry_and_idle_policy = &never,
	};

	assert(c->wsi == NULL);
	c->facts = (struct facts){0};
	c->attempt = ++loop->last_attempt;
	info.userdata = (void *)c->attempt;
	info.pwsi = &c->wsi;
	wsi = lws_client_connect_via_info(&info);
	if (wsi == NULL || c->facts.gone) {
		/* Perhaps without a word. */
		c->facts.gone = true;
		c->wsi = NULL;
	}
}

bool
wire_is_connected(const struct connection *c)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	return c->wsi != NULL &&
	    getpeername(lws_get_socket_fd(c->wsi), (struct sockaddr *)&addr,
		&len) == 0;
}

long long
wire_silence_us(const struct connection *c)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (c->wsi == NULL ||
	    getsockopt(lws_get_socket_fd(c->wsi), IPPROTO_TCP, TCP_INFO, &info,
		&len) != 0) {
		return 0;
	}
	return info.tcpi_last_data_recv * 1000LL;
}

/*
 * With bytes unsent it would wait for them to go; a socket that is shut both
 * ways makes it give up.
 */
void
wire_drop(struct connection *c)
{
	struct lws *wsi = c->wsi;
	lws_sockfd_type fd;

	c->attempt = 0;
	c->wsi = NULL;
	if (wsi == NULL) {
		return;
	}
	fd = lws_get_socket_fd(wsi);
	if (fd >= 0) {
		(void)shutdown(fd, SHUT_RDWR);
	}
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE,
	    LWS_TO_KILL_SYNC);
}
