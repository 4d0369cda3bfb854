#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config_check.h"
#include "lib/crypto.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/yaml.h"

enum { SETTINGS_MAX = 64, SECRET_FILE_MAX = 4096, NAME_MAX_LEN = 128 };

struct config {
	char *values[SETTINGS_MAX]; /* owned; by row; NULL = the default */
	char *path;
	char *public_url;
	json_t *root;
};

/* The parts of assent.yaml that are not settings. */
static const char *const sections[] = {"people", "groups", "channels", "notify",
    "discord_roles"};

static int
row_of(const char *name)
{
	for (int i = 0; i < settings_n; i++) {
		if (strcmp(settings[i].name, name) == 0) {
			return i;
		}
	}
	return -1;
}

static enum rc
take(struct config *c, int row, const char *value, struct fault *f)
{
	enum rc rc = setting_check(&settings[row], value, f);

	if (rc == RC_OK) {
		free(c->values[row]);
		c->values[row] = mem_strdup(value);
	}
	return rc;
}

static enum rc
take_secret_file(struct config *c, int row, const char *path, struct fault *f)
{
	char text[SECRET_FILE_MAX], why[300], *start = text;
	FILE *file = fopen(path, "re");
	size_t n;
	enum rc rc;

	if (file == NULL) {
		(void)snprintf(why, sizeof(why), "cannot read %.200s: %s", path,
		    strerror(errno));
		return setting_refuse(f, &settings[row], why);
	}
	n = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[n] = '\0';
	while (n > 0 && isspace((unsigned char)text[n - 1])) {
		text[--n] = '\0';
	}
	while (isspace((unsigned char)*start)) {
		start++;
	}
	rc = *start != '\0'
	    ? take(c, row, start, f)
	    : setting_refuse(f, &settings[row], "its file is empty");
	crypto_wipe(text, sizeof(text));
	return rc;
}

static enum rc
take_env(struct config *c, struct fault *f)
{
	for (int i = 0; i < settings_n; i++) {
		char name[NAME_MAX_LEN];
		const char *value = getenv(settings[i].env), *path;
		enum rc rc = RC_OK;

		(void)snprintf(name, sizeof(name), "%s_FILE", settings[i].env);
		path = settings[i].secret ? getenv(name) : NULL;
		if (value != NULL && value[0] != '\0') {
			rc = take(c, i, value, f);
		} else if (path != NULL && path[0] != '\0') {
			rc = take_secret_file(c, i, path, f);
		}
		if (rc != RC_OK) {
			return rc;
		}
	}
	return RC_OK;
}

static enum rc
unknown(const char *name, struct fault *f)
{
	const char *names[SETTINGS_MAX + ARRAY_LEN(sections)], *near;
	char head[40]; /* of what has keys of its own, such as people */
	size_t n = 0;

	for (int i = 0; i < settings_n; i++) {
		names[n++] = settings[i].name;
	}
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		names[n++] = sections[i];
	}
	near = text_nearest(name, names, n);
	if (near == NULL) {
		(void)snprintf(head, sizeof(head), "%.*s",
		    (int)strcspn(name, "."), name);
		near = text_nearest(head, sections, ARRAY_LEN(sections));
	}
	return fault_set(f, RC_INVALID, name,
	    near != NULL ? "unknown setting %s; did you mean %s?"
			 : "unknown setting %s",
	    name, near);
}

/* A row by what stands in the file; *from_file: the name ends in _file. */
static int
row_in_file(const char *name, bool *from_file)
{
	char with[NAME_MAX_LEN];

	*from_file = false;
	for (int i = 0; i < settings_n; i++) {
		if (strcmp(settings[i].name, name) == 0 ||
		    strcasecmp(settings[i].env, name) == 0) {
			return i;
		}
	}
	for (int i = 0; i < settings_n; i++) {
		(void)snprintf(with, sizeof(with), "%s_file", settings[i].name);
		if (settings[i].secret && strcmp(with, name) == 0) {
			*from_file = true;
			return i;
		}
	}
	return -1;
}

static const char *
scalar_text(const json_t *v, char *buf, size_t size)
{
	if (json_is_string(v)) {
		return json_string_value(v);
	}
	if (json_is_boolean(v)) {
		return json_is_true(v) ? "true" : "false";
	}
	if (json_is_integer(v)) {
		(void)snprintf(buf, size, "%lld",
		    (long long)json_integer_value(v));
		return buf;
	}
	return NULL;
}

/* A list in the file is the same as its items with commas between. */
static enum rc
take_list(struct config *c, int row, const json_t *v, struct fault *f)
{
	struct buf text;
	enum rc rc;

	buf_init(&text, 0);
	for (size_t i = 0; i < json_array_size(v); i++) {
		char buf[32];
		const char *item =
		    scalar_text(json_array_get(v, i), buf, sizeof(buf));

		if (item == NULL) {
			buf_fini(&text);
			return setting_refuse(f, &settings[row],
			    "must be a list of texts");
		}
		buf_printf(&text, "%s%s", i > 0 ? "," : "", item);
	}
	rc = take(c, row, buf_str(&text), f);
	buf_fini(&text);
	return rc;
}

static enum rc
take_file_value(struct config *c, const char *name, const json_t *v,
    struct fault *f)
{
	bool from_file;
	int row = row_in_file(name, &from_file);
	char buf[32];
	const char *text = scalar_text(v, buf, sizeof(buf));

	if (row < 0) {
		return unknown(name, f);
	}
	if (json_is_null(v)) {
		return RC_OK;
	}
	if (json_is_array(v) && settings[row].type == SETTING_LIST) {
		return take_list(c, row, v, f);
	}
	if (text == NULL) {
		return setting_refuse(f, &settings[row],
		    "must be a single value");
	}
	return from_file ? take_secret_file(c, row, text, f)
			 : take(c, row, text, f);
}

static bool
is_section(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		if (strcmp(sections[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static enum rc
take_file(struct config *c, const json_t *root, const char *prefix,
    struct fault *f)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)root, key, v)
	{
		char name[NAME_MAX_LEN];
		enum rc rc;

		if (prefix[0] == '\0' && is_section(key)) {
			continue;
		}
		if (snprintf(name, sizeof(name), "%s%s%s", prefix,
			prefix[0] != '\0' ? "." : "",
			key) >= (int)sizeof(name)) {
			return unknown(key, f);
		}
		rc = json_is_object(v) && prefix[0] == '\0'
		    ? take_file(c, v, name, f)
		    : take_file_value(c, name, v, f);
		if (rc != RC_OK) {
			return rc;
		}
	}
	return RC_OK;
}

static enum rc
read_file(struct config *c, const char *path, struct fault *f)
{
	struct fault why = {0};
	enum rc rc;

	if (path == NULL && access("assent.yaml", F_OK) != 0) {
		return RC_OK;
	}
	c->path = mem_strdup(path != NULL ? path : "assent.yaml");
	rc = yaml_read_file(c->path, &c->root, &why);
	if (rc == RC_NOT_FOUND) {
		return fault_set(f, RC_INVALID, "config", "cannot read %s",
		    c->path);
	}
	if (rc == RC_OK && !json_is_object(c->root) && !json_is_null(c->root)) {
		rc = fault_set(&why, RC_INVALID, "config",
		    "must hold settings, one a line");
	}
	if (rc == RC_OK && json_is_object(c->root)) {
		rc = take_file(c, c->root, "", &why);
	}
	if (rc != RC_OK) {
		return fault_set(f, RC_INVALID, why.field, "%s%s%s",
		    strstr(why.text, c->path) != NULL ? "" : c->path,
		    strstr(why.text, c->path) != NULL ? "" : ": ", why.text);
	}
	return RC_OK;
}

/* What two settings say together. */
static enum rc
check_together(const struct config *c, struct fault *f)
{
	if (config_is_set(c, "tls.cert_file") !=
	    config_is_set(c, "tls.key_file")) {
		return fault_set(f, RC_INVALID, "TLS_CERT_FILE",
		    "tls.cert_file and tls.key_file belong together");
	}
	return RC_OK;
}

static void
make_public_url(struct config *c)
{
	const char *url = config_text(c, "public_url");
	const char *host = config_text(c, "host");
	char text[512];
	size_t len;

	if (url == NULL) {
		bool any = strcmp(host, "0.0.0.0") == 0 ||
		    strcmp(host, "::") == 0 || host[0] == '\0';
		bool v6 = !any && strchr(host, ':') != NULL;

		(void)snprintf(text, sizeof(text), "%s://%s%s%s:%lld",
		    config_is_set(c, "tls.cert_file") ? "https" : "http",
		    v6 ? "[" : "", any ? "127.0.0.1" : host, v6 ? "]" : "",
		    config_int(c, "port"));
		url = text;
	}
	c->public_url = mem_strdup(url);
	len = strlen(c->public_url);
	while (len > 0 && c->public_url[len - 1] == '/') {
		c->public_url[--len] = '\0';
	}
}

enum rc
config_load(const char *path, struct config **out, struct fault *f)
{
	struct config *c = mem_new(1, sizeof(*c));
	enum rc rc;

	assert(settings_n <= SETTINGS_MAX);
	rc = read_file(c, path, f);
	if (rc == RC_OK) {
		rc = take_env(c, f);
	}
	if (rc == RC_OK) {
		rc = check_together(c, f);
	}
	if (rc != RC_OK) {
		config_free(c);
		return rc;
	}
	make_public_url(c);
	*out = c;
	return RC_OK;
}

void
config_free(struct config *c)
{
	if (c == NULL) {
		return;
	}
	for (int i = 0; i < settings_n; i++) {
		if (c->values[i] != NULL) {
			crypto_wipe(c->values[i], strlen(c->values[i]));
			free(c->values[i]);
		}
	}
	free(c->path);
	free(c->public_url);
	json_decref(c->root);
	free(c);
}

const char *
config_text(const struct config *c, const char *name)
{
	int row = row_of(name);

	assert(row >= 0);
	return c->values[row] != NULL ? c->values[row] : settings[row].fallback;
}

long long
config_int(const struct config *c, const char *name)
{
	const char *text = config_text(c, name);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

bool
config_bool(const struct config *c, const char *name)
{
	const char *text = config_text(c, name);
	bool b = false;

	return text != NULL && setting_bool(text, &b) && b;
}

bool
config_is_set(const struct config *c, const char *name)
{
	int row = row_of(name);

	assert(row >= 0);
	return c->values[row] != NULL;
}

void
config_list(const struct config *c, const char *name, struct arena *a,
    struct field_strings *out)
{
	const char *at = config_text(c, name);
	size_t max = 1;

	*out = (struct field_strings){0};
	for (const char *p = at; p != NULL && *p != '\0'; p++) {
		max += *p == ',';
	}
	out->items = arena_array(a, max, sizeof(*out->items));
	while (at != NULL && *at != '\0') {
		size_t len;

		at += strspn(at, ", \t");
		len = strcspn(at, ", \t");
		if (len > 0) {
			out->items[out->n++] = arena_strndup(a, at, len);
		}
		at += len;
	}
}

const char *
config_by_env(void *config, const char *env)
{
	for (int i = 0; i < settings_n; i++) {
		if (strcmp(settings[i].env, env) == 0) {
			return config_text(config, settings[i].name);
		}
	}
	return NULL;
}

const json_t *
config_root(const struct config *c)
{
	return json_is_object(c->root) ? c->root : NULL;
}

const char *
config_path(const struct config *c)
{
	return c->path;
}

const char *
config_public_url(const struct config *c)
{
	return c->public_url;
}

void
config_print(const struct config *c, FILE *out)
{
	for (int i = 0; i < settings_n; i++) {
		const struct setting *s = &settings[i];
		const char *value = config_text(c, s->name);
		const char *from = c->values[i] != NULL ? "" : "  # default";

		if (value == NULL) {
			(void)fprintf(out, "# %s:\n", s->name);
		} else if (s->secret) {
			(void)fprintf(out, "%s: \"********\"\n", s->name);
		} else {
			json_t *text = json_string(value);
			char *quoted = json_dumps(text, JSON_ENCODE_ANY);

			(void)fprintf(out, "%s: %s%s\n", s->name,
			    s->type == SETTING_INT || s->type == SETTING_BOOL
				? value
				: quoted,
			    from);
			free(quoted);
			json_decref(text);
		}
	}
}

void
config_help(FILE *out)
{
	for (int i = 0; i < settings_n; i++) {
		const struct setting *s = &settings[i];

		(void)fprintf(out, "  %-36s %s%s%s%s\n", s->env, s->help,
		    s->fallback != NULL ? " [" : "",
		    s->fallback != NULL ? s->fallback : "",
		    s->fallback != NULL ? "]" : "");
	}
}
