#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/arena.h"

static void
pieces_are_zeroed_aligned_and_apart(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	unsigned char *pieces[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		size_t size = i * i % 5000;

		pieces[i] = arena_alloc(a, size);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t),
		    0);
		for (size_t j = 0; j < size; j++) {
			assert_int_equal(pieces[i][j], 0);
		}
		memset(pieces[i], (int)(i & 0xff), size);
	}
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		for (size_t j = 0; j < i * i % 5000; j++) {
			assert_int_equal(pieces[i][j], i & 0xff);
		}
	}
}

static void
memory_is_zeroed_again_after_a_reset(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t round = 0; round < 3; round++) {
		for (size_t size = 1; size < 100000; size *= 7) {
			unsigned char *p = arena_alloc(a, size);

			for (size_t i = 0; i < size; i++) {
				assert_int_equal(p[i], 0);
			}
			memset(p, 0xaa, size);
		}
		arena_reset(a);
	}
}

static void
copies_are_equal_and_end(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	char text[] = "abc\0def";

	(void)state;
	assert_string_equal(arena_strdup(a, text), "abc");
	assert_string_equal(arena_strndup(a, text, 2), "ab");
	assert_string_equal(arena_strndup(a, text, 99), "abc");
	assert_memory_equal(arena_memdup(a, text, 8), text, 8);
	assert_string_equal(arena_printf(a, "%s-%05d", text, 42), "abc-00042");
	assert_string_equal(arena_printf(a, "%s", ""), "");
	assert_int_equal(strlen(arena_printf(a, "%20000d", 1)), 20000);
	assert_null(arena_strdup(a, NULL));
	assert_null(arena_strndup(a, NULL, 3));
	assert_null(arena_memdup(a, NULL, 3));
	assert_non_null(arena_array(a, 0, 8));
	assert_ptr_not_equal(arena_alloc(a, 0), NULL);
}

static void
note(void *arg)
{
	char **out = arg;

	*(*out)++ = '!';
}

struct letter {
	char **out;
	char c;
};

static void
write_letter(void *arg)
{
	struct letter *l = arg;

	*(*l->out)++ = l->c;
}

static void
what_is_deferred_runs_once_and_last_in_first_out(void **state)
{
	char text[16] = "", *end = text;
	struct arena *a = arena_new();
	struct letter *l;

	(void)state;
	for (int c = 'a'; c <= 'c'; c++) {
		l = arena_alloc(a, sizeof(*l));
		*l = (struct letter){&end, (char)c};
		arena_defer(a, write_letter, l);
	}
	arena_reset(a);
	assert_string_equal(text, "cba");
	arena_defer(a, note, &end);
	arena_free(a);
	assert_string_equal(text, "cba!");
	arena_free(NULL);
}

struct again {
	struct arena *arena;
	char **out;
};

static void
defer_more(void *arg)
{
	struct again *again = arg;

	note(again->out);
	arena_defer(again->arena, note, again->out);
}

static void
a_deferred_function_may_defer_another(void **state)
{
	char text[16] = "", *end = text;
	struct arena *a = arena_new();
	struct again again = {a, &end};

	(void)state;
	arena_defer(a, defer_more, &again);
	arena_free(a);
	assert_string_equal(text, "!!");
}

static void
a_dropped_variable_is_null(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	arena_drop(&a);
	assert_null(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
	    cmocka_unit_test(memory_is_zeroed_again_after_a_reset),
	    cmocka_unit_test(copies_are_equal_and_end),
	    cmocka_unit_test(what_is_deferred_runs_once_and_last_in_first_out),
	    cmocka_unit_test(a_deferred_function_may_defer_another),
	    cmocka_unit_test(a_dropped_variable_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
