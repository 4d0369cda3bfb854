#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/mem.h"

static void
memory_is_zeroed_and_never_null(void **state)
{
	unsigned char *p = mem_new(1000, 3);

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		assert_int_equal(p[i], 0);
	}
	p = mem_resize(p, 10, 1);
	p = mem_resize(p, 100, 100);
	p[9999] = 1;
	free(p);
	p = mem_new(0, 8);
	assert_non_null(p);
	p = mem_resize(p, 0, 8);
	assert_non_null(p);
	free(p);
}

static void
copies_of_strings_are_their_own(void **state)
{
	char text[] = "abcdef";
	CLEANUP(mem_drop) char *all = mem_strdup(text);
	CLEANUP(mem_drop) char *part = mem_strndup(text, 3);
	CLEANUP(mem_drop) char *more = mem_strndup(text, 300);
	CLEANUP(mem_drop) char *unended = mem_strndup("xyz", 2);

	(void)state;
	memset(text, '-', 6);
	assert_string_equal(all, "abcdef");
	assert_string_equal(part, "abc");
	assert_string_equal(more, "abcdef");
	assert_string_equal(unended, "xy");
	assert_null(mem_strdup(NULL));
	assert_null(mem_strndup(NULL, 5));
}

static void
new_overflows(void)
{
	free(mem_new(SIZE_MAX / 2, 3));
}

static void
resize_overflows(void)
{
	free(mem_resize(NULL, SIZE_MAX / 2, 3));
}

static void
array_overflows(void)
{
	struct arena *a = arena_new();

	arena_array(a, SIZE_MAX / 2, 3);
	arena_free(a);
}

static void
arena_is_out_of_reason(void)
{
	struct arena *a = arena_new();

	arena_alloc(a, SIZE_MAX - 8);
	arena_free(a);
}

/* Runs fn in a child; returns how it ended and what it said at last. */
static int
run_apart(void (*fn)(void), char *said, size_t size)
{
	int ends[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		dup2(ends[1], STDERR_FILENO);
		fn();
		_exit(0);
	}
	close(ends[1]);
	while ((n = read(ends[0], said + len, size - 1 - len)) > 0) {
		len += (size_t)n;
	}
	said[len] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
memory_that_cannot_be_had_is_logged_and_ends_the_process(void **state)
{
	static const struct {
		void (*fn)(void);
		const char *said;
	} rows[] = {
	    {new_overflows, " error memory: cannot get "},
	    {resize_overflows, " error memory: cannot get "},
	    {array_overflows, " error arena: cannot get "},
	    {arena_is_out_of_reason, " error arena: cannot get "},
	};
	char said[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int status = run_apart(rows[i].fn, said, sizeof(said));

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
		assert_non_null(strstr(said, rows[i].said));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_zeroed_and_never_null),
	    cmocka_unit_test(copies_of_strings_are_their_own),
	    cmocka_unit_test(
		memory_that_cannot_be_had_is_logged_and_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
