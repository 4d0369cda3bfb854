/*
 * Verb key: create, list, revoke; over the API, or --offline on the data
 * folder, so that a first reviewer can exist.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent.h"
#include "cli_store.h"
#include "dialect.h"
#include "dialect_find.h"
#include "fact.h"
#include "lib/crypto.h"
#include "quota.h"
#include "reload.h"
#include "vault.h"

/* One change of keys, as a job. */
struct keying {
	struct arena *arena;
	struct key key;
	const char *revoke; /* id; NULL = create */
	char secret[AGENT_KEY_SIZE];
	const char *master; /* fingerprint, as the daemon left it; or NULL */
	struct fault fault;
};

static enum rc
key_job(struct tx *tx, void *arg)
{
	struct keying *k = arg;

	if (fact_text(tx->db, "master_key", k->arena, &k->master, &k->fault) ==
	    RC_NOT_FOUND) {
		k->master = NULL;
	}
	if (k->revoke != NULL) {
		return key_revoke(tx, k->revoke, "command line", &k->fault);
	}
	return key_create(tx, &k->key, k->arena, "command line", k->secret,
	    &k->fault);
}

static int
word_of(const char *word, const char *const *words)
{
	for (int i = 0; word != NULL && words[i] != NULL; i++) {
		if (strcmp(word, words[i]) == 0) {
			return i;
		}
	}
	return -1;
}

/* "a,b" */
static void
split(struct arena *a, const char *text, struct field_strings *out)
{
	*out = (struct field_strings){0};
	if (text == NULL) {
		return;
	}
	out->items = arena_array(a, strlen(text) + 1, sizeof(*out->items));
	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		if (len > 0) {
			out->items[out->n++] = arena_strndup(a, text, len);
		}
		text += len + (text[len] == ',');
	}
}

static int
check_create(const struct args *a)
{
	if (a->name == NULL || a->name[0] == '\0') {
		return cli_fail(CLI_USAGE, "key create needs --name");
	}
	if (a->rate_limit != NULL &&
	    (a->rate_limit[0] == '\0' || strlen(a->rate_limit) > 9 ||
		strspn(a->rate_limit, "0123456789") != strlen(a->rate_limit))) {
		return cli_fail(CLI_USAGE,
		    "--rate-limit must be a whole number of requests a minute");
	}
	if (word_of(a->class, key_class_words) < 0) {
		return cli_fail(CLI_USAGE,
		    "key create needs --class agent, reviewer or admin");
	}
	if (a->plan != NULL && strcmp(a->class, "agent") != 0) {
		return cli_fail(CLI_USAGE, "--plan is for keys of agents");
	}
	if (a->plan != NULL && quota_find(a->plan) == NULL) {
		return cli_fail(CLI_USAGE, "--plan is one of free, pro, scale");
	}
	return CLI_OK;
}

/* What a key is told by, once. */
struct made {
	const char *id, *name, *class, *agent, *secret;
	const char *webhook_secret; /* of an agent's key; "" or NULL = none */
};

static const char *
or_null(const char *s)
{
	return s != NULL && s[0] != '\0' ? s : NULL;
}

static int
print_key(struct cli *c, const struct made *m)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s*, s:s, s:s*}", "id", m->id,
	    "name", m->name, "class", m->class, "agentId", or_null(m->agent),
	    "apiKey", m->secret, "webhookSecret", or_null(m->webhook_secret));

	if (!cli_print_json(c, o)) {
		(void)printf("%s\n", m->secret);
		(void)fprintf(stderr,
		    "assent: %s key %s of %s; it is shown this once\n",
		    m->class, m->id, m->name);
		if (or_null(m->webhook_secret) != NULL) {
			(void)fprintf(stderr,
			    "assent: its webhooks are signed with %s\n",
			    m->webhook_secret);
		}
	}
	json_decref(o);
	return CLI_OK;
}

/* As the daemon would tell it; NULL where its master key is not at hand. None
 * is made here: the daemon may have one that we do not see. */
static const char *
webhook_secret(const struct config *config, const struct keying *k)
{
	const struct vault_options o = {
	    .master = config_text(config, "master_key"),
	    .data_dir = config_text(config, "data_dir"),
	};
	char secret[VAULT_WEBHOOK_SECRET], print[VAULT_FINGERPRINT];
	struct vault *v;
	struct fault f = {0};
	bool same;

	if (k->key.agent_id == NULL || k->master == NULL ||
	    vault_new(&o, &v, &f) != RC_OK) {
		return NULL;
	}
	vault_fingerprint(v, print);
	vault_webhook_secret(v, k->key.agent_id, secret);
	vault_free(v);
	same = strcmp(print, k->master) == 0;
	return same ? arena_strdup(k->arena, secret) : NULL;
}

static int
print_offline(struct cli *c, const struct config *config, struct keying *k)
{
	const struct made m = {.id = k->key.id,
	    .name = k->key.name,
	    .class = key_class_words[k->key.class],
	    .agent = k->key.agent_id,
	    .secret = k->secret,
	    .webhook_secret = webhook_secret(config, k)};

	return print_key(c, &m);
}

/* A key for somebody who is not in assent.yaml would never count. */
static bool
person_is_known(const struct config *config, const char *person)
{
	struct people *people;
	struct fault f = {0};
	bool known;

	if (people_load(config_root(config), &people, &f) != RC_OK) {
		(void)cli_fail(CLI_FAILED, "%s", f.text);
		return false;
	}
	known = people_find(people, person) != NULL;
	if (!known) {
		(void)cli_fail(CLI_FAILED,
		    "there is no person %s in assent.yaml", person);
	}
	people_unref(people);
	return known;
}

static int
create_offline(struct cli *c)
{
	const struct args *a = &c->args;
	struct keying k = {.arena = c->arena};
	struct config *config;
	struct store *st;
	int code = CLI_FAILED;

	(void)umask(077);
	k.key = (struct key){.class = (enum key_class)word_of(a->class,
				 key_class_words),
	    .name = a->name,
	    .person = a->person,
	    .agent_id = a->agent,
	    .dialect = a->dialect != NULL ? a->dialect : "zehrava",
	    .prefix = dialect_key_prefix(a->dialect),
	    .quota = a->plan,
	    .rate_limit = a->rate_limit != NULL ? atoll(a->rate_limit) : 0};
	split(c->arena, a->scopes, &k.key.scopes);
	if (!cli_store_open(c, &config, &st)) {
		return CLI_FAILED;
	}
	if (k.key.class == KEY_AGENT || k.key.person == NULL ||
	    person_is_known(config, k.key.person)) {
		code = store_now(st, key_job, &k) == RC_OK
		    ? print_offline(c, config, &k)
		    : cli_fail(CLI_FAILED, "%s", k.fault.text);
	}
	crypto_wipe(k.secret, sizeof(k.secret));
	store_close(st);
	config_free(config);
	return code;
}

static int
create(struct cli *c)
{
	const struct args *a = &c->args;
	struct field_strings scopes;
	json_t *body, *o;
	int code = check_create(a);

	if (code != CLI_OK) {
		return code;
	}
	if (a->offline) {
		return create_offline(c);
	}
	body = json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "name", a->name,
	    "class", a->class, "person", a->person, "agent_id", a->agent,
	    "dialect", a->dialect, "plan", a->plan);
	split(c->arena, a->scopes, &scopes);
	for (size_t i = 0; i < scopes.n; i++) {
		if (i == 0) {
			(void)json_object_set_new(body, "scopes", json_array());
		}
		(void)json_array_append_new(json_object_get(body, "scopes"),
		    json_string(scopes.items[i]));
	}
	if (a->rate_limit != NULL) {
		(void)json_object_set_new(body, "rate_limit",
		    json_integer(atoll(a->rate_limit)));
	}
	code = cli_call(c, "POST", "/v1/keys", body, &o);
	if (code == CLI_OK) {
		const struct made m = {.id = cli_text(c, o, "id"),
		    .name = cli_text(c, o, "name"),
		    .class = cli_text(c, o, "class"),
		    .agent = cli_text(c, o, "agentId"),
		    .secret = cli_text(c, o, "apiKey"),
		    .webhook_secret = cli_text(c, o, "webhookSecret")};

		code = print_key(c, &m);
		json_decref(o);
	}
	return code;
}

static void
print_row(struct cli *c, const json_t *o)
{
	(void)printf("%s  %-8s  %s%s%s%s\n", cli_text(c, o, "id"),
	    cli_text(c, o, "class"), cli_text(c, o, "name"),
	    cli_text(c, o, "person")[0] != '\0' ? "  person=" : "",
	    cli_text(c, o, "person"),
	    json_is_true(json_object_get(o, "revoked")) ? "  revoked" : "");
}

static void
print_rows(struct cli *c, const json_t *o)
{
	json_t *item;
	size_t i;

	if (!cli_print_json(c, o)) {
		json_array_foreach(json_object_get(o, "keys"), i, item)
		{
			print_row(c, item);
		}
	}
}

static int
list_offline(struct cli *c)
{
	struct config *config;
	struct db *db;
	struct key *keys;
	struct fault f = {0};
	json_t *all = json_array(), *o;
	int n = 0, code = CLI_OK;

	if (!cli_reader_open(c, &config, &db)) {
		json_decref(all);
		return CLI_FAILED;
	}
	if (key_list(db, NULL, 1000, c->arena, &keys, &n, &f) != RC_OK) {
		code = cli_fail(CLI_FAILED, "%s", f.text);
		n = 0;
	}
	for (int i = 0; i < n; i++) {
		(void)json_array_append_new(all,
		    json_pack("{s:s, s:s, s:s, s:s*, s:b}", "id", keys[i].id,
			"class", key_class_words[keys[i].class], "name",
			keys[i].name, "person", keys[i].person, "revoked",
			keys[i].revoked));
	}
	o = json_pack("{s:o}", "keys", all);
	print_rows(c, o);
	json_decref(o);
	db_close(db);
	config_free(config);
	return code;
}

static int
list(struct cli *c)
{
	json_t *o;
	int code;

	if (c->args.offline) {
		return list_offline(c);
	}
	code = cli_call(c, "GET", "/v1/keys", NULL, &o);
	if (code == CLI_OK) {
		print_rows(c, o);
		json_decref(o);
	}
	return code;
}

static int
revoke_offline(struct cli *c, const char *id)
{
	struct keying k = {.arena = c->arena, .revoke = id};
	struct config *config;
	struct store *st;
	enum rc rc;

	if (!cli_store_open(c, &config, &st)) {
		return CLI_FAILED;
	}
	rc = store_now(st, key_job, &k);
	store_close(st);
	config_free(config);
	if (rc != RC_OK) {
		return cli_fail(rc == RC_NOT_FOUND ? CLI_NOT_FOUND : CLI_FAILED,
		    "%s", k.fault.text);
	}
	(void)printf("%s  revoked\n", id);
	return CLI_OK;
}

static int
revoke(struct cli *c)
{
	const char *id = cli_word(c, 1);
	json_t *o;
	int code;

	if (id == NULL) {
		return cli_fail(CLI_USAGE, "key revoke needs a key's id");
	}
	if (c->args.offline) {
		return revoke_offline(c, id);
	}
	code = cli_call(c, "POST",
	    arena_printf(c->arena, "/v1/keys/%s/revoke", id), NULL, &o);
	if (code == CLI_OK) {
		if (!cli_print_json(c, o)) {
			(void)printf("%s  revoked\n", id);
		}
		json_decref(o);
	}
	return code;
}

int
cli_key(struct cli *c)
{
	static const struct {
		const char *name;
		cli_verb *run;
	} verbs[] = {
	    {"create", create},
	    {"list", list},
	    {"revoke", revoke},
	};
	const char *verb = cli_word(c, 0);

	for (size_t i = 0; verb != NULL && i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].name, verb) == 0) {
			return verbs[i].run(c);
		}
	}
	return cli_fail(CLI_USAGE, "key needs create, list or revoke");
}
