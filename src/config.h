/*
 * config: settings, from the environment and assent.yaml.
 *
 * One row each in config_rows.c. The environment wins over the file, the
 * plain variable over NAME_FILE (secrets only: a file whose trimmed content is
 * the value), the default comes last. An empty variable counts as unset.
 * A setting may stand in the file under its dotted name, nested or not, or
 * under the name of its variable.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/arena.h"
#include "lib/field.h"
#include "lib/rc.h"

enum setting_type {
	SETTING_TEXT,
	SETTING_INT,
	SETTING_BOOL,
	SETTING_WORD, /* one of words */
	SETTING_URL,
	SETTING_LIST /* comma-separated */
};

/* One setting. */
struct setting {
	const char *name; /* dotted, as in assent.yaml */
	const char *env;
	enum setting_type type;
	const char *fallback; /* NULL = none */
	const char *words;    /* WORD: "a|b|c"; INT: "lo..hi" */
	bool secret;	      /* redacted; NAME_FILE works */
	bool reloadable;      /* SIGHUP takes it over */
	const char *help;     /* one line */
};
extern const struct setting settings[];
extern const int settings_n;

struct config; /* opaque: fields live in config.c */

/*
 * Reads both. `path` is the file, or NULL: then ./assent.yaml if it exists.
 * RC_INVALID names the setting, and file and line where there are any.
 */
enum rc config_load(const char *path, struct config **out, struct fault *)
    MUST_CHECK;
/* Wipes secrets. NULL is fine. */
void config_free(struct config *);

/* By dotted name, which must exist. NULL when it has no value. */
const char *config_text(const struct config *, const char *name);
long long config_int(const struct config *, const char *name);
bool config_bool(const struct config *, const char *name);
bool config_is_set(const struct config *, const char *name);
/* The parts of a LIST, blanks around them dropped. */
void config_list(const struct config *, const char *name, struct arena *,
    struct field_strings *out);
/* By the name of its variable; NULL when unknown or without value. Fits
 * struct channel_env. */
const char *config_by_env(void *config, const char *env);
/* The root of the file: people, groups, channels, notify; or NULL. */
const json_t *config_root(const struct config *);
/* The file that was read, or NULL. */
const char *config_path(const struct config *);
/* The base of links, without a slash at the end. */
const char *config_public_url(const struct config *);

/* All settings as assent.yaml, secrets redacted. */
void config_print(const struct config *, FILE *);
/* The table of settings, for --help. */
void config_help(FILE *);

#endif
