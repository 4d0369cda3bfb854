/* Who is believed to ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/forwarded.h"

static const char *proxy_list[] = {"127.0.0.1", "10.0.0.0/8", "::1"};
static const struct field_strings proxies = {proxy_list, 3};

static const struct {
	const char *peer, *header, *expected;
} rows[] = {
    /* No proxy: the header is the client's own invention. */
    {"198.51.100.7", NULL, "198.51.100.7"},
    {"198.51.100.7", "203.0.113.1", "198.51.100.7"},
    /* A proxy: its word counts. */
    {"127.0.0.1", NULL, "127.0.0.1"},
    {"127.0.0.1", "", "127.0.0.1"},
    {"127.0.0.1", "203.0.113.1", "203.0.113.1"},
    {"::1", " 2001:db8::5 ", "2001:db8::5"},
    /* Several: only what trusted hops wrote. */
    {"127.0.0.1", "6.6.6.6, 203.0.113.1", "203.0.113.1"},
    {"127.0.0.1", "6.6.6.6, 203.0.113.1, 10.1.2.3", "203.0.113.1"},
    {"127.0.0.1", "10.9.9.9, 10.1.2.3", "10.9.9.9"},
    /* Rubbish ends the search. */
    {"127.0.0.1", "203.0.113.1, unknown", "127.0.0.1"},
    {"127.0.0.1", "203.0.113.1, ", "127.0.0.1"},
    {"127.0.0.1", "203.0.113.0/24", "127.0.0.1"},
};

static void
only_trusted_proxies_are_believed(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(forwarded_for(a, rows[i].peer,
					rows[i].header, &proxies),
		    rows[i].expected);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_trusted_proxies_are_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
