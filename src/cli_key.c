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
#include "lib/crypto.h"
#include "reload.h"

/* One change of keys, as a job. */
struct keying {
	struct arena *arena;
	struct key key;
	const char *revoke; /* id; NULL = create */
	char secret[AGENT_KEY_SIZE];
	struct fault fault;
};

static enum rc
key_job(struct tx *tx, void *arg)
{
	struct keying *k = arg;

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
	return CLI_OK;
}

static int
print_key(struct cli *c, const char *id, const char *name, const char *class,
    const char *agent, const char *secret)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s*, s:s}", "id", id, "name",
	    name, "class", class, "agentId",
	    agent != NULL && agent[0] != '\0' ? agent : NULL, "apiKey", secret);

	if (!cli_print_json(c, o)) {
		(void)printf("%s\n", secret);
		(void)fprintf(stderr,
		    "assent: %s key %s of %s; it is shown this once\n", class,
		    id, name);
	}
	json_decref(o);
	return CLI_OK;
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
	    .rate_limit = a->rate_limit != NULL ? atoll(a->rate_limit) : 0};
	split(c->arena, a->scopes, &k.key.scopes);
	if (!cli_store_open(c, &config, &st)) {
		return CLI_FAILED;
	}
	if (k.key.class == KEY_AGENT || k.key.person == NULL ||
	    person_is_known(config, k.key.person)) {
		code = store_now(st, key_job, &k) == RC_OK
		    ? print_key(c, k.key.id, k.key.name, a->class,
			  k.key.agent_id, k.secret)
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
	body = json_pack("{s:s, s:s, s:s*, s:s*, s:s*}", "name", a->name,
	    "class", a->class, "person", a->person, "agent_id", a->agent,
	    "dialect", a->dialect);
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
		code = print_key(c, cli_text(c, o, "id"),
		    cli_text(c, o, "name"), cli_text(c, o, "class"),
		    cli_text(c, o, "agentId"), cli_text(c, o, "apiKey"));
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
