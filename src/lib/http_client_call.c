#include "lib/http_client_call.h"

#include <assert.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/url.h"

enum {
	CONNECT_MS_MAX = 10 * 1000,
	HEADERS_MAX = 64 * 1024, /* bytes of an answer's header lines */
	DRAIN_MAX = 256 * 1024, /* dropped behind answer_max, then we hang up */
};

/* What curl asks of us while a call is under way. */

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct call *call = arg;
	int fd;

	(void)purpose;
	/*
	 * The one place where a name has become the address that is really
	 * used: no spelling and no second DNS answer gets around it.
	 */
	if (call->pool == HTTP_FOREIGN && !call->options->allow_private &&
	    url_addr_is_private(&a->addr, a->addrlen)) {
		call->refused++;
		return CURL_SOCKET_BAD;
	}
	/* A second sending, see on_begin(). */
	if (call->begun > 0) {
		call->begun++;
		return CURL_SOCKET_BAD;
	}
	call->opened++;
	fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	if (fd >= 0 && call->is_mail) {
		call_keep_socket(call, fd);
	}
	return fd;
}

/*
 * Runs when the connection stands, before each sending of the request. Curl
 * sends once more when a kept connection dies without an answer; for us such
 * a request may have been obeyed, so the caller has to decide.
 */
static int
on_begin(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct call *call = arg;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	if (call->is_mail && call->mail.user != NULL && !call->authenticated) {
		call->auth_missing = true;
		return CURL_PREREQFUNC_ABORT;
	}
	call->begun++;
	return call->begun == 1 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct call *call = arg;
	size_t room = call->http.answer_max - call->body.len;

	n *= size;
	call->received += n;
	buf_add(&call->body, p, n < room ? n : room);
	if (call->received - call->body.len > DRAIN_MAX) {
		call->enough = true;
		return 0;
	}
	return n;
}

/*
 * Lines of a head, one by one. Curl takes a connection that closes within the
 * head for the end of an answer without a body; we want the empty line.
 */
static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct call *call = arg;

	n *= size;
	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) {
		call->head_whole = false;
	} else if (n > 0 && (p[0] == '\r' || p[0] == '\n')) {
		call->head_whole = true;
	}
	call->header_bytes += n;
	return call->header_bytes <= HEADERS_MAX ? n : 0;
}

/* From a call to a curl handle. The strings say why it cannot be one. */

static void
set_guards(struct call *call)
{
	const struct http_client_options *o = call->options;
	CURL *e = call->easy;
	const char *ca = o->ca_file;
	long timeout_ms = call->http.timeout_ms;

	if (call->is_mail) {
		timeout_ms = call->mail.timeout_ms;
		ca = call->mail.ca_file != NULL ? call->mail.ca_file : ca;
	}
	assert(timeout_ms > 0); /* to curl, 0 is for ever */
	CALL_SET(e, CURLOPT_PRIVATE, call);
	CALL_SET(e, CURLOPT_NOSIGNAL, 1L);
	CALL_SET(e, CURLOPT_PROXY, "");
	CALL_SET(e, CURLOPT_FOLLOWLOCATION, 0L);
	CALL_SET(e, CURLOPT_TIMEOUT_MS, timeout_ms);
	CALL_SET(e, CURLOPT_CONNECTTIMEOUT_MS,
	    timeout_ms < CONNECT_MS_MAX ? timeout_ms : CONNECT_MS_MAX);
	/* Does not wait for a resolver that is stuck when the time is up. */
	CALL_SET(e, CURLOPT_QUICK_EXIT, 1L);
	CALL_SET(e, CURLOPT_SSL_VERIFYPEER, 1L);
	CALL_SET(e, CURLOPT_SSL_VERIFYHOST, 2L);
	CALL_SET(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	/*
	 * Our file goes beside the system's folder of CAs. Without one, the
	 * system's bundle alone, because only then curl keeps it parsed.
	 */
	if (ca != NULL) {
		CALL_SET(e, CURLOPT_CAINFO, ca);
	} else {
		CALL_SET(e, CURLOPT_CAPATH, NULL);
	}
	CALL_SET(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
	CALL_SET(e, CURLOPT_OPENSOCKETDATA, call);
	CALL_SET(e, CURLOPT_PREREQFUNCTION, on_begin);
	CALL_SET(e, CURLOPT_PREREQDATA, call);
	CALL_SET(e, CURLOPT_HEADERFUNCTION, on_header);
	CALL_SET(e, CURLOPT_HEADERDATA, call);
	CALL_SET(e, CURLOPT_WRITEFUNCTION, on_body);
	CALL_SET(e, CURLOPT_WRITEDATA, call);
}

static void
set_pool(struct call *call)
{
	CURL *e = call->easy;

	if (call->pool == HTTP_FOREIGN) {
		CALL_SET(e, CURLOPT_PROTOCOLS_STR,
		    call->options->allow_private ? "http,https" : "https");
		CALL_SET(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
		CALL_SET(e, CURLOPT_FRESH_CONNECT, 1L);
		CALL_SET(e, CURLOPT_FORBID_REUSE, 1L);
		return;
	}
	CALL_SET(e, CURLOPT_PROTOCOLS_STR, "http,https");
	CALL_SET(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
	/*
	 * Rather a stream of a connection that is about to be than one more
	 * connection. Without TLS, curl would wait for a whole answer to know.
	 */
	CALL_SET(e, CURLOPT_PIPEWAIT,
	    strncasecmp(call->http.url, "https:", 6) == 0 ? 1L : 0L);
}

static void
set_request(struct call *call)
{
	const struct http_call *h = &call->http;
	CURL *e = call->easy;

	if (h->body_len > 0 || strcmp(h->method, "POST") == 0) {
		CALL_SET(e, CURLOPT_POST, 1L);
		CALL_SET(e, CURLOPT_POSTFIELDS, h->body_len > 0 ? h->body : "");
		CALL_SET(e, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)h->body_len);
	}
	if (strcmp(h->method, "HEAD") == 0) {
		CALL_SET(e, CURLOPT_NOBODY, 1L);
	}
	CALL_SET(e, CURLOPT_CUSTOMREQUEST, h->method);
	CALL_SET(e, CURLOPT_USERAGENT, call->options->user_agent);
	CALL_SET(e, CURLOPT_HTTPHEADER, call->list);
}

void
call_list_add(struct call *call, const char *line)
{
	struct curl_slist *list = curl_slist_append(call->list, line);

	assert(list != NULL);
	call->list = list;
}

static const char *
prepare_http(struct call *call)
{
	const struct http_call *h = &call->http;
	CURLUcode bad;

	if (strlen(h->url) > URL_MAX) {
		return "the URL is too long";
	}
	bad =
	    curl_url_set(call->url, CURLUPART_URL, h->url, CURLU_DISALLOW_USER);
	if (bad != CURLUE_OK) {
		return curl_url_strerror(bad);
	}
	if (h->method[0] == '\0' ||
	    h->method[strspn(h->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] !=
		'\0') {
		return "the method is not a word in capitals";
	}
	for (size_t i = 0; h->headers != NULL && h->headers[i] != NULL; i++) {
		if (strpbrk(h->headers[i], "\r\n") != NULL) {
			return "a header has a line break";
		}
		call_list_add(call, h->headers[i]);
	}
	/* What curl would add on its own. */
	call_list_add(call, "Expect:");
	call_list_add(call, "Content-Type:");
	set_pool(call);
	set_request(call);
	return NULL;
}

/* From curl's result to an answer. */

static const char *
answer_header(const struct http_answer *answer, const char *name)
{
	const struct call *call = answer->impl;
	struct curl_header *h;

	if (call->easy == NULL ||
	    curl_easy_header(call->easy, name, 0, CURLH_HEADER, -1, &h) !=
		CURLHE_OK) {
		return NULL;
	}
	return h->value;
}

/* Whether the peer may hold all of a request that began. Doubt says yes. */
static bool
request_was_whole(const struct call *call)
{
	curl_off_t sent = 0;

	if (call->is_mail) {
		return call->message_sent == call->mail.message_len;
	}
	curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	return call->begun > 1 || (size_t)sent >= call->http.body_len;
}

/* How a call ends that has no answer and went wrong before it began. */
static enum rc
judge_unbegun(const struct call *call, CURLcode code)
{
	if (call->refused > 0 && call->opened == 0) {
		return RC_FORBIDDEN;
	}
	if (call->auth_missing) {
		return RC_REMOTE_PERM;
	}
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return RC_INVALID;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_LOGIN_DENIED: /* it knows no way that we know */
		return RC_REMOTE_PERM;
	default:
		return RC_REMOTE_TEMP;
	}
}

static enum rc
judge(const struct call *call, CURLcode code, int status)
{
	if (call->enough ||
	    (code == CURLE_OK && (call->is_mail || call->head_whole))) {
		return RC_OK;
	}
	/* A mail server that refuses has answered, whatever curl calls it. */
	if (call->is_mail && status >= 400) {
		return RC_OK;
	}
	if (call->begun == 0) {
		return judge_unbegun(call, code);
	}
	return request_was_whole(call) ? RC_UNCERTAIN : RC_REMOTE_TEMP;
}

static const char *
detail_of(const struct call *call, enum rc rc, CURLcode code)
{
	if (rc == RC_OK) {
		return "";
	}
	if (rc == RC_FORBIDDEN) {
		return "the address is private";
	}
	if (call->auth_missing) {
		return "the mail server does not offer to authenticate";
	}
	if (call->begun > 1) {
		return "a kept connection died under the request";
	}
	return code == CURLE_OK ? "the answer ended within its head"
				: curl_easy_strerror(code);
}

static struct call *
call_new(const struct http_client_options *options)
{
	struct arena *arena = arena_new();
	struct call *call = arena_alloc(arena, sizeof(*call));

	call->arena = arena;
	call->options = options;
	return call;
}

struct call *
call_new_http(const struct http_client_options *options,
    const struct http_call *h)
{
	struct call *call = call_new(options);
	struct arena *a = call->arena;
	const char **headers;
	size_t n = 0;

	call->http = *h;
	call->pool = h->pool;
	call->http.method = arena_strdup(a, h->method);
	call->http.url = arena_strdup(a, h->url);
	call->http.body = arena_memdup(a, h->body, h->body_len);
	while (h->headers != NULL && h->headers[n] != NULL) {
		n++;
	}
	headers = arena_array(a, n + 1, sizeof(*headers));
	for (size_t i = 0; i < n; i++) {
		headers[i] = arena_strdup(a, h->headers[i]);
	}
	call->http.headers = headers;
	buf_init(&call->body, h->answer_max);
	return call;
}

struct call *
call_new_mail(const struct http_client_options *options,
    const struct http_mail *m)
{
	struct call *call = call_new(options);
	struct arena *a = call->arena;

	call->is_mail = true;
	call->pool = HTTP_PLATFORM;
	call->mail = *m;
	call->mail.host = arena_strdup(a, m->host);
	call->mail.user = arena_strdup(a, m->user);
	call->mail.password = arena_strdup(a, m->password);
	call->mail.from = arena_strdup(a, m->from);
	call->mail.to = arena_strdup(a, m->to);
	call->mail.message = arena_memdup(a, m->message, m->message_len);
	call->mail.ca_file = arena_strdup(a, m->ca_file);
	return call;
}

const char *
call_prepare(struct call *call)
{
	const char *refusal;

	call->easy = curl_easy_init();
	call->url = curl_url();
	assert(call->easy != NULL && call->url != NULL);
	set_guards(call);
	refusal = call->is_mail ? call_prepare_mail(call) : prepare_http(call);
	if (refusal == NULL) {
		CALL_SET(call->easy, CURLOPT_CURLU, call->url);
	}
	return refusal;
}

void
call_answer(struct call *call, CURLcode code, struct http_answer *out)
{
	long status = 0;
	curl_off_t after_s = 0;
	enum rc rc;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &after_s);
	rc = judge(call, code, (int)status);
	call_refuse(call, rc, detail_of(call, rc, code), out);
	/* Of a mail whose end is unknown, the last reply says nothing. */
	out->status = call->is_mail && rc != RC_OK ? 0 : (int)status;
	if (after_s > 0) {
		out->retry_after_s = after_s < INT_MAX ? (int)after_s : INT_MAX;
	}
}

void
call_refuse(struct call *call, enum rc rc, const char *detail,
    struct http_answer *out)
{
	*out = (struct http_answer){
	    .rc = rc,
	    .detail = detail,
	    .body = buf_str(&call->body),
	    .body_len = call->body.len,
	    .body_cut = call->received > call->body.len,
	    .header = answer_header,
	    .impl = call,
	};
}

void
call_free(struct call *call)
{
	curl_easy_cleanup(call->easy);
	call_drop_sockets(call);
	curl_url_cleanup(call->url);
	curl_slist_free_all(call->list);
	buf_fini(&call->body);
	arena_free(call->arena);
}
