#include "lib/template.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/text.h"

enum { STEPS_MAX = 1000000, FIRST_NODES = 16 };

static const char blanks[] = " \t\r\n";

enum node_type { NODE_TEXT, NODE_VALUE, NODE_RAW, NODE_SECTION, NODE_INVERTED };

struct node {
	enum node_type type;
	const char *s; /* text or name, in template.text */
	size_t len;    /* bytes */
	size_t end;    /* of a section: index of the first node behind it */
};

struct template
{
	char *text;	    /* owned */
	struct node *nodes; /* owned */
	size_t n, size;	    /* nodes used and allocated */
	enum template_escape escape;
};

struct parser {
	struct template *t;
	size_t len, at; /* bytes of the text, and where we are */
	size_t open[TEMPLATE_DEPTH_MAX]; /* indices of open sections */
	size_t depth;
	struct fault *fault;
};

/* One {{tag}}; offsets into the text. */
struct tag {
	char kind;	   /* the character that tells what it is, or a blank */
	size_t start, end; /* from the first brace to behind the last */
	const char *name;
	int len; /* bytes of the name */
};

static int
line_at(const struct parser *p, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at; i++) {
		line += p->t->text[i] == '\n';
	}
	return line;
}

static struct node *
add_node(struct template *t, enum node_type type, const char *s, size_t len)
{
	if (t->n == t->size) {
		t->size = t->size > 0 ? t->size * 2 : FIRST_NODES;
		t->nodes = mem_resize(t->nodes, t->size, sizeof(*t->nodes));
	}
	t->nodes[t->n] = (struct node){.type = type, .s = s, .len = len};
	return &t->nodes[t->n++];
}

/*
 * A section tag or comment that stands alone on its line takes the blanks
 * before it and the end of the line with it.
 */
static void
widen(const struct parser *p, struct tag *tag)
{
	const char *s = p->t->text;
	size_t start = tag->start, end = tag->end;

	while (start > 0 && (s[start - 1] == ' ' || s[start - 1] == '\t')) {
		start--;
	}
	end += strspn(s + end, " \t");
	if (s[end] == '\r' && s[end + 1] == '\n') {
		end++;
	}
	if ((start > 0 && s[start - 1] != '\n') ||
	    (end < p->len && s[end] != '\n')) {
		return;
	}
	tag->start = start;
	tag->end = end < p->len ? end + 1 : end;
}

/* "." or words with a dot between each two. */
static bool
is_name(const char *s, int len)
{
	char before = '.';

	if (len == 1 && s[0] == '.') {
		return true;
	}
	for (int i = 0; i < len; i++) {
		bool word = (s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= 'A' && s[i] <= 'Z') ||
		    (s[i] >= '0' && s[i] <= '9') || s[i] == '_' || s[i] == '-';

		if (!word && (s[i] != '.' || before == '.')) {
			return false;
		}
		before = s[i];
	}
	return before != '.';
}

/* Reads the tag that begins at `start`. */
static enum rc
read_tag(struct parser *p, size_t start, struct tag *out)
{
	const char *s = p->t->text + start + 2, *close;
	char kind = *s != '\0' && strchr("#^/!{>=&", *s) != NULL ? *s : ' ';

	if (strchr(">=&", kind) != NULL) {
		return fault_set(p->fault, RC_INVALID, "",
		    "line %d: {{%c}} tags are not supported", line_at(p, start),
		    kind);
	}
	s += kind != ' ';
	close = strstr(s, kind == '{' ? "}}}" : "}}");
	if (close == NULL) {
		return fault_set(p->fault, RC_INVALID, "",
		    "line %d: a tag is not closed", line_at(p, start));
	}
	out->kind = kind;
	out->start = start;
	out->end = (size_t)(close - p->t->text) + (kind == '{' ? 3 : 2);
	while (s < close && strchr(blanks, *s) != NULL) {
		s++;
	}
	while (close > s && strchr(blanks, close[-1]) != NULL) {
		close--;
	}
	out->name = s;
	out->len = (int)(close - s);
	if (kind != '!' && !is_name(out->name, out->len)) {
		return fault_set(p->fault, RC_INVALID, "",
		    "line %d: '%.*s' is not a name", line_at(p, start),
		    out->len, out->name);
	}
	return RC_OK;
}

static enum rc
on_value(struct parser *p, const struct tag *tag)
{
	add_node(p->t, tag->kind == '{' ? NODE_RAW : NODE_VALUE, tag->name,
	    (size_t)tag->len);
	return RC_OK;
}

static enum rc
on_comment(struct parser *p, const struct tag *tag)
{
	(void)p;
	(void)tag;
	return RC_OK;
}

static enum rc
on_open(struct parser *p, const struct tag *tag)
{
	if (p->depth == TEMPLATE_DEPTH_MAX) {
		return fault_set(p->fault, RC_INVALID, "",
		    "line %d: sections are nested deeper than %d",
		    line_at(p, tag->start), TEMPLATE_DEPTH_MAX);
	}
	p->open[p->depth++] = p->t->n;
	add_node(p->t, tag->kind == '#' ? NODE_SECTION : NODE_INVERTED,
	    tag->name, (size_t)tag->len);
	return RC_OK;
}

static enum rc
on_close(struct parser *p, const struct tag *tag)
{
	struct node *node;

	if (p->depth == 0) {
		return fault_set(p->fault, RC_INVALID, "",
		    "line %d: '%.*s' is closed but not open",
		    line_at(p, tag->start), tag->len, tag->name);
	}
	node = &p->t->nodes[p->open[--p->depth]];
	if (node->len != (size_t)tag->len ||
	    memcmp(node->s, tag->name, node->len) != 0) {
		return fault_set(p->fault, RC_INVALID, "",
		    "line %d: '%.*s' is closed where '%.*s' of line %d is open",
		    line_at(p, tag->start), tag->len, tag->name, (int)node->len,
		    node->s, line_at(p, (size_t)(node->s - p->t->text)));
	}
	node->end = p->t->n;
	return RC_OK;
}

static const struct {
	char kind;
	bool alone; /* takes a line of its own with it */
	enum rc (*on_tag)(struct parser *, const struct tag *);
} kinds[] = {
    {' ', false, on_value},
    {'{', false, on_value},
    {'#', true, on_open},
    {'^', true, on_open},
    {'/', true, on_close},
    {'!', true, on_comment},
};

/* Takes the text up to the next tag, and the tag. */
static enum rc
step(struct parser *p)
{
	const char *text = p->t->text + p->at, *start = strstr(text, "{{");
	struct tag tag = {.start = p->len, .end = p->len};
	size_t k = 0;
	enum rc rc;

	if (start == NULL) {
		add_node(p->t, NODE_TEXT, text, p->len - p->at);
		p->at = p->len;
		return RC_OK;
	}
	rc = read_tag(p, (size_t)(start - p->t->text), &tag);
	if (rc != RC_OK) {
		return rc;
	}
	while (kinds[k].kind != tag.kind) {
		k++;
	}
	if (kinds[k].alone) {
		widen(p, &tag);
	}
	assert(tag.start >= p->at);
	if (tag.start > p->at) {
		add_node(p->t, NODE_TEXT, text, tag.start - p->at);
	}
	p->at = tag.end;
	return kinds[k].on_tag(p, &tag);
}

static enum rc
parse(struct parser *p)
{
	const struct node *node;
	enum rc rc = RC_OK;

	while (p->at < p->len && rc == RC_OK) {
		rc = step(p);
	}
	if (rc == RC_OK && p->depth > 0) {
		node = &p->t->nodes[p->open[p->depth - 1]];
		return fault_set(p->fault, RC_INVALID, "",
		    "line %d: '%.*s' is open but not closed",
		    line_at(p, (size_t)(node->s - p->t->text)), (int)node->len,
		    node->s);
	}
	return rc;
}

enum rc
template_new(const char *s, size_t len, enum template_escape escape,
    struct template **out, struct fault *f)
{
	struct parser p = {.len = len, .fault = f};
	enum rc rc;

	if (len > TEMPLATE_BYTES_MAX) {
		return fault_set(f, RC_INVALID, "",
		    "line 1: more than %d bytes", TEMPLATE_BYTES_MAX);
	}
	if (len > 0 && memchr(s, '\0', len) != NULL) {
		return fault_set(f, RC_INVALID, "",
		    "line 1: a NUL byte is not allowed");
	}
	p.t = mem_new(1, sizeof(*p.t));
	p.t->text = mem_strndup(len > 0 ? s : "", len);
	p.t->escape = escape;
	rc = parse(&p);
	if (rc != RC_OK) {
		template_free(p.t);
		return rc;
	}
	*out = p.t;
	return RC_OK;
}

void
template_free(struct template *t)
{
	if (t != NULL) {
		free(t->nodes);
		free(t->text);
		free(t);
	}
}

struct renderer {
	const struct template *t;
	struct buf *out;
	const json_t *stack[TEMPLATE_DEPTH_MAX + 1]; /* of open sections */
	size_t depth;
	unsigned steps;
};

/* Bytes up to the next dot of a name, or to its end. */
static size_t
part_len(const char *s, const char *end)
{
	const char *dot = memchr(s, '.', (size_t)(end - s));

	return (size_t)((dot != NULL ? dot : end) - s);
}

/* The value of a name, outwards through the open sections; NULL: missing. */
static const json_t *
look_up(const struct renderer *r, const struct node *node)
{
	const char *s = node->s, *end = s + node->len;
	size_t n = part_len(s, end);
	const json_t *v = NULL;

	if (node->len == 1 && *s == '.') {
		return r->stack[r->depth - 1];
	}
	for (size_t i = r->depth; i > 0 && v == NULL; i--) {
		v = json_object_getn(r->stack[i - 1], s, n);
	}
	while (v != NULL && s + n < end) {
		s += n + 1;
		n = part_len(s, end);
		v = json_object_getn(v, s, n);
	}
	return v;
}

static bool
is_true(const json_t *v)
{
	switch (v != NULL ? json_typeof(v) : JSON_NULL) {
	case JSON_NULL:
	case JSON_FALSE:
		return false;
	case JSON_STRING:
		return json_string_length(v) > 0;
	case JSON_ARRAY:
		return json_array_size(v) > 0;
	case JSON_OBJECT:
		return json_object_size(v) > 0;
	default:
		return true;
	}
}

static void
write_text(const struct renderer *r, const struct node *node, const char *s,
    size_t n)
{
	if (node->type == NODE_VALUE && r->t->escape == TEMPLATE_HTML) {
		text_html(r->out, s, n);
	} else {
		buf_add(r->out, s, n);
	}
}

static void
write_value(const struct renderer *r, const struct node *node, const json_t *v)
{
	CLEANUP(arena_drop) struct arena *a = NULL;
	const char *s;
	size_t n;

	if (v == NULL || json_is_null(v)) {
		return;
	}
	if (json_is_string(v)) {
		s = json_string_value(v);
		n = json_string_length(v);
	} else {
		a = arena_new();
		s = json_compact(a, v, &n);
	}
	write_text(r, node, s, n);
}

/* Counts one piece of work; false when there was too much. */
static bool
go_on(struct renderer *r)
{
	if (++r->steps > STEPS_MAX) {
		r->out->full = true;
	}
	return !r->out->full;
}

/* Recursive: sections were bounded when they were parsed. */
static void
render(struct renderer *r, size_t from, size_t to, const json_t *context)
{
	size_t next;

	r->stack[r->depth++] = context;
	for (size_t i = from; i < to && go_on(r); i = next) {
		const struct node *node = &r->t->nodes[i];
		const json_t *v;
		bool truth;

		next = i + 1;
		if (node->type == NODE_TEXT) {
			buf_add(r->out, node->s, node->len);
			continue;
		}
		v = look_up(r, node);
		if (node->type == NODE_VALUE || node->type == NODE_RAW) {
			write_value(r, node, v);
			continue;
		}
		next = node->end;
		truth = is_true(v);
		if (node->type == NODE_INVERTED) {
			if (!truth) {
				render(r, i + 1, next, context);
			}
		} else if (truth && json_is_array(v)) {
			size_t n = json_array_size(v);

			for (size_t k = 0; k < n && go_on(r); k++) {
				render(r, i + 1, next, json_array_get(v, k));
			}
		} else if (truth) {
			render(r, i + 1, next, v);
		}
	}
	r->depth--;
}

void
template_render(const struct template *t, const json_t *values, struct buf *out)
{
	struct renderer r = {.t = t, .out = out};

	render(&r, 0, t->n, values);
}
