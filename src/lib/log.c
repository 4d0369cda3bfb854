#include "lib/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/text.h"

/*
 * A write of at most PIPE_BUF bytes to a pipe is atomic (POSIX write()), so
 * lines of several threads and processes do not mix. Longer ones are cut.
 */
enum { LINE_MAX_BYTES = PIPE_BUF, MESSAGE_MAX = 3072, TAIL_MAX = 8 };

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
	bool cut; /* something did not fit; nothing more is added */
};

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

static _Atomic(int) max_level = LOG_LEVEL_INFO;
static _Atomic(bool) as_json;

static void
line_add(struct line *l, const char *s, size_t n)
{
	if (l->cut || n > sizeof(l->text) - TAIL_MAX - l->len) {
		l->cut = true;
		return;
	}
	memcpy(l->text + l->len, s, n);
	l->len += n;
}

/* What a terminal or a reader of lines could take for something else. */
static bool
is_unsafe(int c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Spells n bytes at s, which are code point c or (-1) no character. */
static void
line_add_unsafe(struct line *l, const char *s, int c, bool json)
{
	char spelled[16];

	if (c < 0) {
		snprintf(spelled, sizeof(spelled), "%s\\x{%02X}",
		    json ? "\\" : "", (unsigned)(unsigned char)*s);
	} else if (json) {
		snprintf(spelled, sizeof(spelled), "\\u%04x", (unsigned)c);
	} else {
		snprintf(spelled, sizeof(spelled), "\\u{%04X}", (unsigned)c);
	}
	line_add(l, spelled, strlen(spelled));
}

static void
line_add_escaped(struct line *l, const char *s, bool json)
{
	size_t len = strlen(s), i, n;

	for (i = 0; i < len; i += n) {
		int c = text_next(s + i, len - i, &n);

		if (is_unsafe(c)) {
			line_add_unsafe(l, s + i, c, json);
			continue;
		}
		if (json && (c == '"' || c == '\\')) {
			line_add(l, c == '"' ? "\\\"" : "\\\\", 2);
			continue;
		}
		line_add(l, s + i, n);
	}
}

static void
line_end(struct line *l, const char *tail)
{
	/* line_add() always leaves TAIL_MAX bytes. */
	size_t len = (size_t)snprintf(l->text + l->len, TAIL_MAX, "%s%s\n",
	    l->cut ? "..." : "", tail);

	l->len += len;
}

static void
line_begin(struct line *l, enum log_level level, bool json)
{
	char time[CLOCK_ISO_SIZE];

	clock_iso(clock_now_ms(), time);
	l->len = (size_t)snprintf(l->text, sizeof(l->text),
	    json ? "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\""
		 : "%s %s ",
	    time, level_names[level]);
	l->cut = false;
}

static void
line_write(const struct line *l)
{
	ssize_t n;

	do {
		n = write(STDERR_FILENO, l->text, l->len);
	} while (n < 0 && errno == EINTR);
	/* There is nowhere to say that the log cannot be written. */
}

void
log_setup(enum log_level level, bool json)
{
	atomic_store(&max_level, (int)level);
	atomic_store(&as_json, json);
}

enum rc
log_level_parse(const char *name, enum log_level *out)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return RC_OK;
		}
	}
	return RC_INVALID;
}

bool
log_enabled(enum log_level level)
{
	return (int)level <= atomic_load(&max_level);
}

void
log_at(enum log_level level, const char *fmt, ...)
{
	bool json = atomic_load(&as_json);
	int saved = errno;
	char message[MESSAGE_MAX];
	struct line line;
	va_list ap;
	int n;

	if (!log_enabled(level)) {
		return;
	}
	va_start(ap, fmt);
	n = vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	line_begin(&line, level, json);
	if (n >= (int)sizeof(message)) {
		message[text_border(message, sizeof(message) - 1,
		    sizeof(message) - 4)] = '\0';
	}
	line_add_escaped(&line, n < 0 ? fmt : message, json);
	line.cut = line.cut || n >= (int)sizeof(message);
	line_end(&line, json ? "\"}" : "");
	line_write(&line);
	errno = saved;
}
