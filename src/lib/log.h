/*
 * log: one line per fact, to standard error.
 *
 * Text form: `2026-01-02T03:04:05.678Z info intent int_1 decided state=...`.
 * JSON form: {"time","level","message"}. Control, bidi and line-separating
 * characters and bytes that are not UTF-8 are escaped, so a line is a line.
 * Never log payloads, tokens, links or addresses in full. A line has at most
 * 4096 bytes (PIPE_BUF); what is longer is cut with "...". Thread-safe, needs
 * no memory, keeps errno; a line is one write(2).
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>

#include "lib/rc.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* Safe to call again at run time. */
void log_setup(enum log_level level, bool json);
/* "error|warn|info|debug" to level. */
enum rc log_level_parse(const char *name, enum log_level *out) MUST_CHECK;
bool log_enabled(enum log_level level);
void log_at(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) \
	do { \
		if (log_enabled(LOG_LEVEL_DEBUG)) { \
			log_at(LOG_LEVEL_DEBUG, __VA_ARGS__); \
		} \
	} while (0)

#endif
