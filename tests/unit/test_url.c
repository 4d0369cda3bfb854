#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/url.h"

static void
an_address_is_taken_apart(void **state)
{
	static const struct {
		const char *text, *scheme, *host;
		int port;
		const char *path;
	} rows[] = {
	    {"http://example.com", "http", "example.com", 80, "/"},
	    {"https://example.com/", "https", "example.com", 443, "/"},
	    {"HTTPS://EXAMPLE.com:8443/A/b?c=D&e", "https", "example.com", 8443,
		"/A/b?c=D&e"},
	    {"http://h?x=1", "http", "h", 80, "/?x=1"},
	    {"http://h:/p", "http", "h", 80, "/p"},
	    {"http://h:65535", "http", "h", 65535, "/"},
	    {"http://h:00080/", "http", "h", 80, "/"},
	    {"http://127.0.0.1:1/", "http", "127.0.0.1", 1, "/"},
	    {"http://[::1]:4000/x", "http", "::1", 4000, "/x"},
	    {"http://[2001:DB8::1]", "http", "2001:db8::1", 80, "/"},
	    {"http://[::ffff:10.0.0.1]/", "http", "::ffff:10.0.0.1", 80, "/"},
	    {"http://my_host-1.internal./", "http", "my_host-1.internal.", 80,
		"/"},
	    {"http://7-zip.org/", "http", "7-zip.org", 80, "/"},
	    {"http://h/a@b:c//d", "http", "h", 80, "/a@b:c//d"},
	    {"http://h/?u=http://x@y/", "http", "h", 80, "/?u=http://x@y/"},
	    {"http://h/%2F%00%e2", "http", "h", 80, "/%2F%00%e2"},
	    {"http://h/!$&'()*+,;=~", "http", "h", 80, "/!$&'()*+,;=~"},
	    {"http://h/[x]", "http", "h", 80, "/[x]"},
	};
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct url u;
		struct fault f = {0};

		assert_int_equal(url_parse(a, rows[i].text, &u, &f), RC_OK);
		assert_string_equal(u.scheme, rows[i].scheme);
		assert_string_equal(u.host, rows[i].host);
		assert_int_equal(u.port, rows[i].port);
		assert_string_equal(u.path, rows[i].path);
	}
}

static const char scheme[] = "must begin with http:// or https://";
static const char blank[] = "must be printable ASCII without blanks";
static const char odd[] = "has a character that must be percent-encoded";
static const char host[] = "has no host name or address that can be used";
static const char port[] = "must have a port from 1 to 65535 or none";
static const char user[] = "must not have a user name or password";
static const char v6[] = "has no IPv6 address in its brackets";
static const char escape[] = "has a bad percent-encoding";
static const struct {
	const char *text, *why;
} no_urls[] = {
    {"", scheme},
    {"example.com", scheme},
    {"/path", scheme},
    {"//example.com/", scheme},
    {"ftp://example.com/", scheme},
    {"file:///etc/passwd", scheme},
    {"gopher://h/", scheme},
    {"javascript:alert(1)", scheme},
    {"http:/h", scheme},
    {"http:h", scheme},
    {"https//h", scheme},
    {"httpx://h", scheme},
    {" http://h/", blank},
    {"http://h/ ", blank},
    {"http://h /", blank},
    {"http://h/a b", blank},
    {"http://h/\n", blank},
    {"http://h\r\n.x/", blank},
    {"http://h/\x7f", blank},
    {"http://h/\x01", blank},
    {"http://h/\xc3\xa9", blank},
    {"http://\xe2\x93\x96/", blank},
    {"http://h/#f", "fragment"},
    {"http://h#@evil/", "fragment"},
    {"http://h\\@evil/", odd},
    {"http:\\\\h\\", odd},
    {"http://h/<x>", odd},
    {"http://h/{x}", odd},
    {"http://h/\"", odd},
    {"http://h/`", odd},
    {"http://h/^|", odd},
    {"http://h/%", escape},
    {"http://h/%2", escape},
    {"http://h/%zz", escape},
    {"http://h/%2x", escape},
    {"http://user@h/", user},
    {"http://user:pw@h/", user},
    {"http://@h/", user},
    {"http://h:80@evil:90/", user},
    {"http://", host},
    {"http:///", host},
    {"http://?x", host},
    {"http://:80/", host},
    {"http://./", host},
    {"http://.h/", host},
    {"http://h..x/", host},
    {"http://%68/", host},
    {"http://h,i/", host},
    {"http://h!/", host},
    {"http://127.1/", host},
    {"http://2130706433/", host},
    {"http://0x7f000001/", host},
    {"http://0x7f.1/", host},
    {"http://017700000001/", host},
    {"http://1.2.3.4.5/", host},
    {"http://256.1.1.1/", host},
    {"http://1.2.3.4./", host},
    {"http://h.1/", host},
    {"http://010.0.0.1/", host},
    {"http://]/", host},
    {"http://[]/", v6},
    {"http://[::1", v6},
    {"http://[::g]/", v6},
    {"http://[1.2.3.4]/", v6},
    {"http://[fe80::1%25eth0]/", v6},
    {"http://[::1/x]/", v6},
    {"http://[", v6},
    {"http://[::1]x/", port},
    {"http://[::1]]/", port},
    {"http://h:0/", port},
    {"http://h:65536/", port},
    {"http://h:99999999999999999999/", port},
    {"http://h:x/", port},
    {"http://h:-1/", port},
    {"http://h:+1/", port},
    {"http://h:80x/", port},
    {"http://h:80:80/", port},
};

static void
what_is_no_address_is_refused(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(no_urls); i++) {
		struct url u;
		struct fault f = {0};

		assert_int_equal(url_parse(a, no_urls[i].text, &u, &f),
		    RC_INVALID);
		assert_string_equal(f.field, "url");
		assert_non_null(strstr(f.text, no_urls[i].why));
	}
}

/* "http://" and enough of c to make `len` bytes with the tail. */
static char *
long_url(struct arena *a, char c, size_t len, const char *tail)
{
	char *s = arena_alloc(a, len + 1);

	memset(s, c, len);
	memcpy(s, "http://", 7);
	memcpy(s + len - strlen(tail), tail, strlen(tail));
	return s;
}

static void
nothing_may_be_longer_than_its_maximum(void **state)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	const char *const fits =
	    arena_printf(a, "http://h/%0*d", URL_MAX - 9, 0);
	struct fault f;
	struct url u;

	(void)state;
	assert_int_equal(strlen(fits), URL_MAX);
	assert_int_equal(url_parse(a, fits, &u, &f), RC_OK);
	assert_int_equal(url_parse(a, arena_printf(a, "%s0", fits), &u, &f),
	    RC_INVALID);
	assert_non_null(strstr(f.text, "2048"));
	assert_int_equal(url_parse(a, long_url(a, 'a', 7 + 63, ""), &u, &f),
	    RC_OK);
	assert_int_equal(url_parse(a, long_url(a, 'a', 7 + 64, ""), &u, &f),
	    RC_INVALID);
	assert_int_equal(url_parse(a, long_url(a, '.', 7 + 254, "/"), &u, &f),
	    RC_INVALID);
}

static void
escapes_are_decoded_in_place(void **state)
{
	static const struct {
		const char *text, *plain, *form;
	} rows[] = {
	    {"", "", ""},
	    {"abc", "abc", "abc"},
	    {"a+b", "a+b", "a b"},
	    {"%41%7a%2B+", "Az++", "Az+ "},
	    {"%e2%82%AC", "\xe2\x82\xac", "\xe2\x82\xac"},
	    {"100%25", "100%", "100%"},
	    {"%2541", "%41", "%41"},
	    {"%0a%ff", "\n\xff", "\n\xff"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int form = 0; form < 2; form++) {
			char s[40];
			size_t len = strlen(rows[i].text);

			strcpy(s, rows[i].text);
			assert_int_equal(url_decode(s, &len, form), RC_OK);
			assert_string_equal(s,
			    form ? rows[i].form : rows[i].plain);
			assert_int_equal(len, strlen(s));
		}
	}
}

static void
bad_escapes_and_nul_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
	    {"%", 1},
	    {"a%", 2},
	    {"%4", 2},
	    {"%4g", 3},
	    {"%g4", 3},
	    {"%%41", 4},
	    {"% 41", 4},
	    {"%+1", 3},
	    {"%00", 3},
	    {"a%00b", 5},
	    {"a\0b", 3},
	    {"%-1", 3},
	    {"%0x", 3},
	    /* The escape goes on behind the length. */
	    {"%41", 2},
	    {"%41", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char s[8] = "";
		size_t len = rows[i].len;

		memcpy(s, rows[i].text, len + 1);
		assert_int_equal(url_decode(s, &len, false), RC_INVALID);
		assert_int_equal(len, rows[i].len);
	}
}

static void
what_is_encoded_decodes_to_itself(void **state)
{
	CLEANUP(buf_fini) struct buf b = {0};
	char all[256];
	size_t len;

	(void)state;
	url_encode(&b, "AZaz09-._~ /?&=+%\xc3\xa9\n");
	assert_string_equal(buf_str(&b),
	    "AZaz09-._~%20%2F%3F%26%3D%2B%25%C3%A9%0A");
	for (int i = 1; i < 256; i++) {
		all[i - 1] = (char)i;
	}
	all[255] = '\0';
	buf_clear(&b);
	url_encode(&b, all);
	len = b.len;
	assert_int_equal(url_decode(b.data, &len, true), RC_OK);
	assert_int_equal(len, 255);
	assert_memory_equal(b.data, all, 256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_is_taken_apart),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(nothing_may_be_longer_than_its_maximum),
	    cmocka_unit_test(escapes_are_decoded_in_place),
	    cmocka_unit_test(bad_escapes_and_nul_are_refused),
	    cmocka_unit_test(what_is_encoded_decodes_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
