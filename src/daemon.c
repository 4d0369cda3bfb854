#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon_check.h"
#include "daemon_up.h"
#include "fact.h"
#include "lib/log.h"
#include "lib/notify.h"
#include "lib/websocket.h"
#include "reload.h"
#include "version.h"

enum {
	STOP_MAX_S = 12, /* then the system ends us; the log is safe */
	HEADER_MAX = 8 * 1024,
	CALLS_MAX = 4096,
	PEM_MAX = 256 * 1024,
	CONNECTIONS_PER_ADDRESS = 200
};

static bool
on_loopback(const struct config *c)
{
	const char *host = config_text(c, "host");

	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	    strcmp(host, "localhost") == 0;
}

static bool
open_registration(const struct config *c)
{
	return config_is_set(c, "open_registration")
	    ? config_bool(c, "open_registration")
	    : on_loopback(c);
}

/* Two daemons on one folder would send everything twice. */
static enum rc
lock_folder(const char *dir, int *out, struct fault *f)
{
	char path[4096];

	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		return fault_set(f, RC_STORE, "ASSENT_DATA_DIR",
		    "cannot make %s: %s", dir, strerror(errno));
	}
	(void)snprintf(path, sizeof(path), "%s/assentd.lock", dir);
	*out = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*out < 0) {
		return fault_set(f, RC_STORE, "ASSENT_DATA_DIR",
		    "cannot write in %s: %s", dir, strerror(errno));
	}
	if (flock(*out, LOCK_EX | LOCK_NB) != 0) {
		return fault_set(f, RC_CONFLICT, "ASSENT_DATA_DIR",
		    "another assentd works on %s", dir);
	}
	return RC_OK;
}

/* Whether the key before this one is the one that the database knows. */
static bool
was_previous(const struct daemon *d, const char *stored)
{
	const struct vault_options o = {
	    .master = config_text(d->config, "master_key_previous"),
	    .data_dir = config_text(d->config, "data_dir"),
	};
	char print[VAULT_FINGERPRINT];
	struct vault *before;
	struct fault f = {0};

	if (o.master == NULL || vault_new(&o, &before, &f) != RC_OK) {
		return false;
	}
	vault_fingerprint(before, print);
	vault_free(before);
	return strcmp(stored, print) == 0;
}

/* Another key would make every payload unreadable: refused before anything is
 * written, unless the old one is named as the previous. */
static enum rc
key_matches(struct tx *tx, void *arg)
{
	struct daemon *d = arg;
	char print[VAULT_FINGERPRINT];
	const char *stored;
	struct fault f = {0};
	enum rc rc = fact_text(tx->db, "master_key", d->arena, &stored, &f);

	vault_fingerprint(d->vault, print);
	if (rc == RC_OK && strcmp(stored, print) == 0) {
		return RC_OK;
	}
	if (rc == RC_OK && !was_previous(d, stored)) {
		return RC_INVALID;
	}
	return rc == RC_OK || rc == RC_NOT_FOUND
	    ? fact_set_text(tx, "master_key", print, &f)
	    : rc;
}

static enum rc
open_store(struct daemon *d, struct fault *f)
{
	const char *dir = config_text(d->config, "data_dir");
	const struct vault_options keys = {
	    .master = config_text(d->config, "master_key"),
	    .previous = config_text(d->config, "master_key_previous"),
	    .data_dir = dir,
	};
	enum rc rc = lock_folder(dir, &d->lock, f);

	if (rc == RC_OK) {
		rc = vault_new(&keys, &d->vault, f);
	}
	if (rc == RC_OK) {
		rc = store_open(dir, &d->store, f);
	}
	if (rc == RC_OK) {
		rc = store_now(d->store, key_matches, d);
		if (rc != RC_OK) {
			return fault_set(f, rc, "ASSENT_MASTER_KEY",
			    rc == RC_INVALID
				? "this is not the key that the database was "
				  "made with"
				: "the database cannot be written");
		}
		rc = store_reader(d->store, &d->reader, f);
	}
	return rc;
}

static enum rc
load_rules(struct daemon *d, struct fault *f)
{
	struct policy_set *set;
	enum rc rc = reload_load(d->config, &set, f);

	if (rc == RC_OK) {
		d->rules = rules_new(set);
	}
	return rc;
}

static enum rc
start_outbox(struct daemon *d, struct fault *f)
{
	struct config *c = d->config;
	const struct http_client_options courier = {
	    .waiting_max = CALLS_MAX,
	    .allow_private = config_bool(c, "allow_private_targets"),
	    .ca_file = config_text(c, "ca_file"),
	    .user_agent = "assent/" ASSENT_VERSION,
	};
	const struct websocket_loop_options chat = {
	    .ca_file = config_text(c, "ca_file"),
	};
	struct outbox_options o = {.store = d->store,
	    .rules = d->rules,
	    .mail_retry_ms = (int)config_int(c, "smtp.retry_s") * 1000,
	    .message = {.vault = d->vault,
		.public_url = config_public_url(c),
		.link_code =
		    strcmp(config_text(c, "magic_link.confirm"), "code") == 0}};
	struct channel_env env = {.up = &d->up,
	    .setting = config_by_env,
	    .setting_ctx = c,
	    .recall = daemon_recall,
	    .recall_ctx = d,
	    .template_dir = config_text(c, "template_dir"),
	    .public_url = config_public_url(c)};
	enum rc rc = daemon_retries(c, &o, f);

	if (rc == RC_OK) {
		rc = http_client_new(&courier, &d->courier, f);
	}
	if (rc == RC_OK) {
		rc = websocket_loop_new(&chat, &d->chat, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	env.http = d->courier;
	env.chat = d->chat;
	d->answers = (struct answer_env){d->store, d->rules, o.message};
	d->up = daemon_up(d);
	d->outbox = outbox_new(&o);
	return outbox_start(d->outbox, &env, f);
}

static void
on_changed(void *ctx, const char *intent_id)
{
	struct daemon *d = ctx;

	waiters_changed(d->waiters, intent_id);
}

static void
on_owed(void *ctx)
{
	struct daemon *d = ctx;

	outbox_kick(d->outbox);
}

static void
start_store(struct daemon *d)
{
	const struct store_listener listener = {.changed = on_changed,
	    .owed = on_owed,
	    .ctx = d};

	d->sweep.retention_ms =
	    config_int(d->config, "retention.payload_hours") * 3600 * 1000;
	store_listen(d->store, &listener);
	store_timer(d->store, SWEEP_INTERVAL_MS, sweep_run, NULL, &d->sweep);
	store_start(d->store);
}

static void
on_request(struct http_request *http, void *ctx)
{
	struct daemon *d = ctx;

	if (observe_knows(http)) {
		observe_handle(&d->observe, http);
	} else if (pages_knows(d->pages, http)) {
		pages_handle(d->pages, http);
	} else {
		api_handle(d->api, http);
	}
}

static void
on_resumed(struct http_request *http, void *ctx)
{
	struct daemon *d = ctx;

	if (pages_knows(d->pages, http)) {
		pages_resumed(d->pages, http);
	} else {
		api_resumed(d->api, http);
	}
}

static const char *
on_refused(int status, const char *path, void *ctx)
{
	(void)ctx;
	return api_refuse(status, path);
}

static enum rc
read_pem(struct daemon *d, const char *name, const char **out, struct fault *f)
{
	const char *path = config_text(d->config, name);
	char *text;
	size_t n;
	FILE *file;

	*out = NULL;
	if (path == NULL) {
		return RC_OK;
	}
	file = fopen(path, "re");
	if (file == NULL) {
		return fault_set(f, RC_INVALID, name, "cannot read %s: %s",
		    path, strerror(errno));
	}
	text = arena_alloc(d->arena, PEM_MAX + 1);
	n = fread(text, 1, PEM_MAX, file);
	(void)fclose(file);
	text[n] = '\0';
	*out = text;
	return RC_OK;
}

static enum rc
make_handlers(struct daemon *d, struct fault *f)
{
	const struct config *c = d->config;
	const char *url = config_public_url(c);
	const struct pages_options pages = {.store = d->store,
	    .reader = d->reader,
	    .rules = d->rules,
	    .vault = d->vault,
	    .auth = d->auth,
	    .public_url = url,
	    .template_dir = config_text(c, "template_dir"),
	    .trusted_proxies = &d->proxies,
	    .secure_cookies = strncmp(url, "https:", 6) == 0};
	const struct api_options api = {.store = d->store,
	    .reader = d->reader,
	    .rules = d->rules,
	    .vault = d->vault,
	    .outbox = d->outbox,
	    .waiters = d->waiters,
	    .auth = d->auth,
	    .public_url = url,
	    .open_registration = open_registration(c),
	    .allow_private_targets = config_bool(c, "allow_private_targets"),
	    .policy = config_text(c, "vantagate.policy"),
	    .slack_webhook_prefix =
		config_text(c, "vantagate.slack_webhook_prefix"),
	    .link_holder_decides =
		config_bool(c, "vantagate.expose_secure_token"),
	    .upgrade_url = config_is_set(c, "vantagate.upgrade_url")
		? config_text(c, "vantagate.upgrade_url")
		: url,
	    .trusted_proxies = &d->proxies};

	if (api.link_holder_decides) {
		log_warn("vantagate.expose_secure_token is on: an agent gets "
			 "the link that decides what it asks");
	}
	d->api = api_new(&api);
	return pages_new(&pages, &d->pages, f);
}

static enum rc
start_server(struct daemon *d, struct fault *f)
{
	const struct config *c = d->config;
	long long per_addr = config_int(c, "http.connections_per_address");
	struct http_server_options o = {
	    .host = config_text(c, "host"),
	    .port = (int)config_int(c, "port"),
	    .body_max = API_BODY_MAX + API_ENVELOPE_MAX,
	    .header_max = HEADER_MAX,
	    .connections_max = (int)config_int(c, "http.connections_max"),
	    .timeout_s = (int)config_int(c, "http.timeout_s"),
	    .parked_max = WAITERS_MAX,
	    .handle = on_request,
	    .resumed = on_resumed,
	    .refuse = on_refused,
	    .ctx = d,
	};
	enum rc rc = read_pem(d, "tls.cert_file", &o.tls_cert, f);

	if (rc == RC_OK) {
		rc = read_pem(d, "tls.key_file", &o.tls_key, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	/* Behind a proxy all connections come from one address. */
	o.connections_per_addr_max = per_addr > 0 ? (int)per_addr
	    : on_loopback(c) || d->proxies.n > 0  ? o.connections_max
						  : CONNECTIONS_PER_ADDRESS;
	d->observe = (struct observe){.store = d->store,
	    .reader = d->reader,
	    .outbox = d->outbox,
	    .link_holder_decides =
		config_bool(c, "vantagate.expose_secure_token")};
	return http_server_new(&o, &d->server, f);
}

enum rc
daemon_build(struct daemon *d, struct fault *f)
{
	enum rc rc = daemon_check(d->config, f);

	if (rc == RC_OK) {
		rc = open_store(d, f);
	}
	if (rc == RC_OK) {
		rc = load_rules(d, f);
	}
	if (rc == RC_OK) {
		rc = start_outbox(d, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	config_list(d->config, "trusted_proxies", d->arena, &d->proxies);
	d->waiters = waiters_new();
	start_store(d);
	d->auth = auth_new(d->reader, d->rules,
	    config_text(d->config, "admin_api_key"));
	rc = make_handlers(d, f);
	if (rc == RC_OK) {
		rc = start_server(d, f);
	}
	return rc;
}

void
daemon_stop(struct daemon *d)
{
	(void)alarm(STOP_MAX_S);
	notify_send("STOPPING=1");
	if (d->server != NULL) {
		http_server_quiesce(d->server);
	}
	if (d->outbox != NULL) {
		outbox_stop(d->outbox);
	}
	if (d->store != NULL) {
		store_stop(d->store);
	}
	http_server_free(d->server);
	pages_free(d->pages);
	api_free(d->api);
	auth_free(d->auth);
	waiters_free(d->waiters);
	outbox_free(d->outbox);
	/* What the courier still ends may hand a job to the loop. */
	http_client_free(d->courier);
	websocket_loop_free(d->chat);
	rules_free(d->rules);
	db_close(d->reader);
	store_close(d->store);
	vault_free(d->vault);
	arena_free(d->arena);
	config_free(d->config);
	if (d->watch >= 0) {
		(void)close(d->watch);
	}
	if (d->lock >= 0) {
		(void)close(d->lock);
	}
	(void)close(d->signals);
}
