#include "lib/yaml.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "lib/mem.h"
#include "lib/yaml_core.h"

enum { WORDS_SIZE = 256, INDEX_SIZE = 32 };

/* A list or object that is not ended yet. */
struct frame {
	json_t *value; /* borrowed: the frame below or the root owns it */
	char *key;     /* owned; of the value to come; NULL before a key */
};

struct reader {
	yaml_parser_t parser;
	const char *s; /* borrowed: the whole text */
	size_t len;    /* bytes */
	json_t *root;  /* owned; NULL before the first value */
	struct frame stack[YAML_DEPTH_MAX];
	size_t depth, nodes, documents;
	struct fault *fault;
};

static PRINTF_LIKE(3, 4) enum rc
    refuse(struct reader *r, size_t line, const char *fmt, ...)
{
	char words[WORDS_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return fault_set(r->fault, RC_INVALID, "", "line %zu: %s", line, words);
}

static enum rc
refuse_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem != NULL ? p->problem : "not YAML";
	size_t line = 1;

	/* The part that decodes UTF-8 knows bytes, not lines. */
	if (p->error == YAML_READER_ERROR) {
		for (size_t i = 0; i < p->problem_offset && i < r->len; i++) {
			line += r->s[i] == '\n';
		}
		return refuse(r, line, "%s", problem);
	}
	line += p->problem_mark.line;
	if (p->context == NULL) {
		return refuse(r, line, "%s", problem);
	}
	return refuse(r, line, "%s, %s that begins in line %zu", problem,
	    p->context, p->context_mark.line + 1);
}

/* Takes the value and puts it where the text stands. */
static void
put(struct reader *r, json_t *value)
{
	struct frame *top;
	int failed = 0;

	if (r->depth == 0) {
		assert(r->root == NULL);
		r->root = value;
		return;
	}
	top = &r->stack[r->depth - 1];
	if (json_is_array(top->value)) {
		failed = json_array_append_new(top->value, value);
	} else {
		failed = json_object_set_new(top->value, top->key, value);
		free(top->key);
		top->key = NULL;
	}
	assert(!failed);
}

/* A quoted scalar is text; a plain one is what the core schema says. */
static enum rc
read_scalar(struct reader *r, const yaml_event_t *e, json_t **out)
{
	const char *s = (const char *)e->data.scalar.value, *why;
	size_t len = e->data.scalar.length, line = e->start_mark.line + 1;

	if (memchr(s, '\0', len) != NULL) {
		return refuse(r, line, "a NUL character is not allowed");
	}
	if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
		*out = json_stringn(s, len);
		assert(*out != NULL);
	} else if (yaml_core_read(s, out, &why) != RC_OK) {
		return refuse(r, line, "%s %s", s, why);
	}
	return RC_OK;
}

static bool
wants_key(const struct reader *r)
{
	const struct frame *top;

	if (r->depth == 0) {
		return false;
	}
	top = &r->stack[r->depth - 1];
	return json_is_object(top->value) && top->key == NULL;
}

static enum rc
read_key(struct reader *r, const yaml_event_t *e)
{
	struct frame *top = &r->stack[r->depth - 1];
	const char *s = (const char *)e->data.scalar.value;
	size_t line = e->start_mark.line + 1;
	json_t *key = NULL;
	enum rc rc = read_scalar(r, e, &key);
	bool is_text = json_is_string(key);

	json_decref(key);
	if (rc != RC_OK) {
		return rc;
	}
	if (!is_text) {
		return refuse(r, line, "the key '%s' is not text: quote it", s);
	}
	if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    strcmp(s, "<<") == 0) {
		return refuse(r, line, "merge keys are not supported");
	}
	if (json_object_get(top->value, s) != NULL) {
		return refuse(r, line, "the key '%s' is there twice", s);
	}
	top->key = mem_strdup(s);
	return RC_OK;
}

static enum rc
on_scalar(struct reader *r, const yaml_event_t *e)
{
	json_t *value = NULL;
	enum rc rc;

	if (wants_key(r)) {
		return read_key(r, e);
	}
	rc = read_scalar(r, e, &value);
	if (rc == RC_OK) {
		put(r, value);
	}
	return rc;
}

static enum rc
on_start(struct reader *r, const yaml_event_t *e)
{
	size_t line = e->start_mark.line + 1;
	json_t *value;

	if (wants_key(r)) {
		return refuse(r, line, "a key must be text");
	}
	if (r->depth == YAML_DEPTH_MAX) {
		return refuse(r, line, "nested deeper than %d levels",
		    YAML_DEPTH_MAX);
	}
	value = e->type == YAML_MAPPING_START_EVENT ? json_object()
						    : json_array();
	put(r, value);
	r->stack[r->depth++] = (struct frame){.value = value};
	return RC_OK;
}

static enum rc
on_end(struct reader *r, const yaml_event_t *e)
{
	(void)e;
	assert(r->depth > 0);
	r->depth--;
	return RC_OK;
}

static enum rc
on_document(struct reader *r, const yaml_event_t *e)
{
	size_t line = e->start_mark.line + 1;

	if (r->documents++ > 0) {
		return refuse(r, line, "a second document is not allowed");
	}
	if (e->data.document_start.tag_directives.start !=
	    e->data.document_start.tag_directives.end) {
		return refuse(r, line, "tags are not supported");
	}
	return RC_OK;
}

/* What no event that carries a value may have; NULL is fine for both. */
static enum rc
check_node(struct reader *r, const yaml_event_t *e, const void *anchor,
    const void *tag)
{
	size_t line = e->start_mark.line + 1;

	if (anchor != NULL) {
		return refuse(r, line, "anchors and aliases are not supported");
	}
	if (tag != NULL) {
		return refuse(r, line, "tags are not supported");
	}
	if (++r->nodes > YAML_NODES_MAX) {
		return refuse(r, line, "more than %d values", YAML_NODES_MAX);
	}
	return RC_OK;
}

static enum rc
check_event(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return check_node(r, e, e->data.alias.anchor, NULL);
	case YAML_SCALAR_EVENT:
		return check_node(r, e, e->data.scalar.anchor,
		    e->data.scalar.tag);
	case YAML_SEQUENCE_START_EVENT:
		return check_node(r, e, e->data.sequence_start.anchor,
		    e->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return check_node(r, e, e->data.mapping_start.anchor,
		    e->data.mapping_start.tag);
	default:
		return RC_OK;
	}
}

static enum rc (*const on_event[])(struct reader *, const yaml_event_t *) = {
    [YAML_DOCUMENT_START_EVENT] = on_document,
    [YAML_SCALAR_EVENT] = on_scalar,
    [YAML_SEQUENCE_START_EVENT] = on_start,
    [YAML_SEQUENCE_END_EVENT] = on_end,
    [YAML_MAPPING_START_EVENT] = on_start,
    [YAML_MAPPING_END_EVENT] = on_end,
};

/* Takes one event; *more is false behind the last. */
static enum rc
step(struct reader *r, bool *more)
{
	yaml_event_t e;
	enum rc rc;

	if (!yaml_parser_parse(&r->parser, &e)) {
		return refuse_syntax(r);
	}
	rc = check_event(r, &e);
	if (rc == RC_OK && (size_t)e.type < ARRAY_LEN(on_event) &&
	    on_event[e.type] != NULL) {
		rc = on_event[e.type](r, &e);
	}
	*more = e.type != YAML_STREAM_END_EVENT;
	yaml_event_delete(&e);
	return rc;
}

static void
parser_start(yaml_parser_t *p, const char *s, size_t len)
{
	int ok = yaml_parser_initialize(p);

	assert(ok);
	/* Said, not guessed: a byte order mark could choose UTF-16. */
	yaml_parser_set_encoding(p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(p, (const unsigned char *)s, len);
}

enum rc
yaml_read(const char *s, size_t len, json_t **out, struct fault *f)
{
	struct reader r = {.s = s, .len = len, .fault = f};
	bool more = true;
	enum rc rc = RC_OK;

	if (len > YAML_BYTES_MAX) {
		return refuse(&r, 1, "more than %d bytes", YAML_BYTES_MAX);
	}
	parser_start(&r.parser, s, len);
	while (more && rc == RC_OK) {
		rc = step(&r, &more);
	}
	yaml_parser_delete(&r.parser);
	if (rc != RC_OK) {
		for (size_t i = 0; i < r.depth; i++) {
			free(r.stack[i].key);
		}
		json_decref(r.root);
		return rc;
	}
	*out = r.root != NULL ? r.root : json_null();
	return RC_OK;
}

/* A list or object that yaml_line_of() is in. */
struct place {
	const char *rest; /* of the path, in here; NULL when it is elsewhere */
	const char *next; /* of the path, in the value to come */
	bool is_map, has_key;
	size_t index;
};

/*
 * The rest of the path behind its first part, when that is this key; NULL
 * when it is another.
 */
static const char *
match_key(const char *path, const char *key)
{
	size_t len = strlen(key);

	if (path == NULL || strncmp(path, key, len) != 0 ||
	    strchr(".[", path[len]) == NULL) {
		return NULL;
	}
	return path + len + (path[len] == '.');
}

/* The same for "[index]". */
static const char *
match_index(const char *path, size_t index)
{
	char key[INDEX_SIZE];

	snprintf(key, sizeof(key), "[%zu]", index);
	return match_key(path, key);
}

/*
 * Follows one event through the places. Sets *found when the path ends at it.
 * Returns false where no reader would go on.
 */
static bool
follow(struct place *places, size_t *depth, const yaml_event_t *e, bool *found)
{
	struct place *top = &places[*depth];
	bool scalar = e->type == YAML_SCALAR_EVENT;

	if (e->type == YAML_SEQUENCE_END_EVENT ||
	    e->type == YAML_MAPPING_END_EVENT) {
		--*depth;
		return true;
	}
	if (!scalar && e->type != YAML_SEQUENCE_START_EVENT &&
	    e->type != YAML_MAPPING_START_EVENT) {
		return e->type != YAML_ALIAS_EVENT;
	}
	if (top->is_map && !top->has_key) {
		const char *key = (const char *)e->data.scalar.value;

		top->next = scalar ? match_key(top->rest, key) : NULL;
		top->has_key = true;
		*found = top->next != NULL && *top->next == '\0';
		return scalar;
	}
	if (*depth > 0 && !top->is_map) {
		top->next = match_index(top->rest, top->index++);
		*found = top->next != NULL && *top->next == '\0';
	}
	top->has_key = false;
	if (scalar) {
		return true;
	}
	if (*depth == YAML_DEPTH_MAX) {
		return false;
	}
	places[++*depth] = (struct place){.rest = top->next,
	    .is_map = e->type == YAML_MAPPING_START_EVENT};
	return true;
}

int
yaml_line_of(const char *s, size_t len, const char *key)
{
	struct place places[YAML_DEPTH_MAX + 1] = {{.next = key}};
	size_t depth = 0, line = 0;
	bool found = false, more = len <= YAML_BYTES_MAX && *key != '\0';
	yaml_parser_t parser;
	yaml_event_t e;

	parser_start(&parser, s, len);
	while (more && !found && yaml_parser_parse(&parser, &e)) {
		line = e.start_mark.line + 1;
		more = follow(places, &depth, &e, &found) &&
		    e.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&parser);
	return found ? (int)line : 0;
}

enum rc
yaml_read_file(const char *path, json_t **out, struct fault *f)
{
	FILE *file = fopen(path, "re");
	char *text;
	size_t len;
	bool failed;
	struct fault why = {0};
	enum rc rc;

	if (file == NULL) {
		return fault_set(f, errno == ENOENT ? RC_NOT_FOUND : RC_INVALID,
		    "", "%s: %s", path, strerror(errno));
	}
	text = mem_new(YAML_BYTES_MAX + 1, 1);
	len = fread(text, 1, YAML_BYTES_MAX + 1, file);
	failed = ferror(file) != 0;
	(void)fclose(file);
	if (failed) {
		rc = fault_set(f, RC_INVALID, "", "%s: cannot be read", path);
	} else {
		rc = yaml_read(text, len, out, &why);
	}
	if (why.rc != RC_OK) {
		(void)fault_set(f, rc, "", "%s: %s", path, why.text);
	}
	free(text);
	return rc;
}
