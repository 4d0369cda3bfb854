#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"

enum { THREADS = 4, LINES = 500, SAID_MAX = 1 << 20 };

/* Standard error while it goes into a file without a name. */
struct capture {
	int file, before;
};

static struct capture
capture_begin(void)
{
	struct capture c;

	c.file = memfd_create("log", MFD_CLOEXEC);
	assert_true(c.file >= 0);
	c.before = dup(STDERR_FILENO);
	/* As a daemon's log is opened: every write goes to the end. */
	assert_int_equal(fcntl(c.file, F_SETFL, O_APPEND), 0);
	assert_true(dup2(c.file, STDERR_FILENO) >= 0);
	return c;
}

/* What was written since; freed by the caller. */
static char *
capture_end(struct capture c)
{
	char *said = malloc(SAID_MAX);
	ssize_t n;

	dup2(c.before, STDERR_FILENO);
	close(c.before);
	n = pread(c.file, said, SAID_MAX - 1, 0);
	close(c.file);
	assert_true(n >= 0);
	said[n] = '\0';
	log_setup(LOG_LEVEL_INFO, false);
	return said;
}

static void
drop(char **s)
{
	free(*s);
}

/* The line without its time, which must be one. */
static const char *
after_time(const char *line)
{
	char time[25] = "";
	long long ms;

	strncpy(time, line, 24);
	assert_int_equal(clock_parse_iso(time, &ms), RC_OK);
	assert_true(llabs(clock_now_ms() - ms) < 60000);
	assert_int_equal(line[24], ' ');
	return line + 25;
}

static void
a_line_has_time_level_and_message(void **state)
{
	struct capture c = capture_begin();
	CLEANUP(drop) char *said = NULL;

	(void)state;
	log_info("intent %s decided state=%d", "int_1", 2);
	said = capture_end(c);
	assert_string_equal(after_time(said),
	    "info intent int_1 decided state=2\n");
}

static void
levels_below_the_chosen_one_are_silent(void **state)
{
	static const struct {
		enum log_level level;
		const char *said;
	} rows[] = {
	    {LOG_LEVEL_ERROR, "e"},
	    {LOG_LEVEL_WARN, "ew"},
	    {LOG_LEVEL_INFO, "ewi"},
	    {LOG_LEVEL_DEBUG, "ewid"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct capture c = capture_begin();
		CLEANUP(drop) char *said = NULL;
		char letters[5] = "", *line, *rest;

		log_setup(rows[i].level, false);
		log_error("x");
		log_warn("x");
		log_info("x");
		log_debug("x");
		assert_true(log_enabled(rows[i].level));
		assert_int_equal(log_enabled(LOG_LEVEL_DEBUG),
		    rows[i].level == LOG_LEVEL_DEBUG);
		said = capture_end(c);
		line = strtok_r(said, "\n", &rest);
		for (size_t n = 0; line != NULL; n++) {
			letters[n] = after_time(line)[0];
			line = strtok_r(NULL, "\n", &rest);
		}
		assert_string_equal(letters, rows[i].said);
	}
}

static void
names_of_levels_are_read(void **state)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	static const char *const wrong[] = {"", "INFO", "infos", "warning"};
	enum log_level level;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(log_level_parse(names[i], &level), RC_OK);
		assert_int_equal(level, i);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(log_level_parse(wrong[i], &level), RC_INVALID);
	}
}

static const struct {
	const char *message, *text, *json;
} hostile[] = {
    {"a\nb\r\tc", "a\\u{000A}b\\u{000D}\\u{0009}c", "a\nb\r\tc"},
    {"\x1b[31m\x7f", "\\u{001B}[31m\\u{007F}", "\x1b[31m\x7f"},
    {"\xc2\x9b"
     "2J",
	"\\u{009B}2J",
	"\xc2\x9b"
	"2J"},
    {"\xe2\x80\xae"
     "abc",
	"\\u{202E}abc",
	"\xe2\x80\xae"
	"abc"},
    {"\xe2\x80\xa8\xe2\x81\xa6", "\\u{2028}\\u{2066}",
	"\xe2\x80\xa8\xe2\x81\xa6"},
    {"\xff\xc3(", "\\x{FF}\\x{C3}(", "\\x{FF}\\x{C3}("},
    {"\"q\" \\ \xc3\xa9\xf0\x9f\x98\x80", "\"q\" \\ \xc3\xa9\xf0\x9f\x98\x80",
	"\"q\" \\ \xc3\xa9\xf0\x9f\x98\x80"},
    {"", "", ""},
};

static void
a_line_stays_a_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		struct capture c = capture_begin();
		CLEANUP(drop) char *said = NULL;
		char expected[100];

		log_warn("%s", hostile[i].message);
		said = capture_end(c);
		snprintf(expected, sizeof(expected), "warn %s\n",
		    hostile[i].text);
		assert_string_equal(after_time(said), expected);
	}
}

static void
the_json_form_is_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		struct capture c = capture_begin();
		CLEANUP(drop) char *said = NULL;
		const char *time, *level, *message;
		long long ms;
		json_t *line;

		log_setup(LOG_LEVEL_INFO, true);
		log_error("%s", hostile[i].message);
		said = capture_end(c);
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
		line = json_loads(said, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(line);
		assert_int_equal(json_unpack(line, "{s:s, s:s, s:s !}", "time",
				     &time, "level", &level, "message",
				     &message),
		    0);
		assert_int_equal(clock_parse_iso(time, &ms), RC_OK);
		assert_string_equal(level, "error");
		assert_string_equal(message, hostile[i].json);
		json_decref(line);
	}
}

static void
what_is_too_long_is_cut_and_still_ends(void **state)
{
	/* Filled with one character that is escaped to more, or not. */
	static const char *const fills[] = {"x", "\n", "\"", "\xe2\x82\xac",
	    "\xff", "\xf0\x9f\x98\x80"};
	char message[20001];

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(fills); i++) {
		const char *fill = fills[i / 2];
		size_t len = strlen(fill);
		bool json = i % 2 == 1;
		struct capture c = capture_begin();
		CLEANUP(drop) char *said = NULL;
		const char *tail = json ? "...\"}\n" : "...\n";

		for (size_t n = 0; n + len < sizeof(message); n += len) {
			memcpy(message + n, fill, len + 1);
		}
		log_setup(LOG_LEVEL_INFO, json);
		log_info("%s", message);
		said = capture_end(c);
		assert_in_range(strlen(said), 3000, 4096);
		assert_string_equal(said + strlen(said) - strlen(tail), tail);
		if (json) {
			json_t *line = json_loads(said, 0, NULL);

			assert_non_null(line);
			json_decref(line);
		}
	}
}

static void
errno_is_kept_and_can_be_told(void **state)
{
	struct capture c = capture_begin();
	CLEANUP(drop) char *said = NULL;

	(void)state;
	errno = ENOENT;
	log_info("open: %m");
	assert_int_equal(errno, ENOENT);
	said = capture_end(c);
	assert_string_equal(after_time(said),
	    "info open: No such file or directory\n");
}

static void *
log_many(void *arg)
{
	for (int i = 0; i < LINES; i++) {
		if (i % 50 == 0) {
			log_setup(LOG_LEVEL_INFO, false);
		}
		log_info("thread=%d line=%d %0100d", *(int *)arg, i, 0);
		log_debug("never");
	}
	return NULL;
}

static void
lines_of_several_threads_do_not_mix(void **state)
{
	struct capture c = capture_begin();
	CLEANUP(drop) char *said = NULL;
	int numbers[THREADS], next[THREADS] = {0}, thread, line, zero, n = 0;
	pthread_t threads[THREADS];
	char *at, *rest;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, log_many, &numbers[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	said = capture_end(c);
	for (at = strtok_r(said, "\n", &rest); at != NULL;
	     at = strtok_r(NULL, "\n", &rest)) {
		assert_int_equal(sscanf(after_time(at),
				     "info thread=%d line=%d %d", &thread,
				     &line, &zero),
		    3);
		assert_int_equal(line, next[thread]++);
		n++;
	}
	assert_int_equal(n, THREADS * LINES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_has_time_level_and_message),
	    cmocka_unit_test(levels_below_the_chosen_one_are_silent),
	    cmocka_unit_test(names_of_levels_are_read),
	    cmocka_unit_test(a_line_stays_a_line),
	    cmocka_unit_test(the_json_form_is_json),
	    cmocka_unit_test(what_is_too_long_is_cut_and_still_ends),
	    cmocka_unit_test(errno_is_kept_and_can_be_told),
	    cmocka_unit_test(lines_of_several_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
