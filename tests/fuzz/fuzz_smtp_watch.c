/*
 * A conversation out of anything: a first byte of each piece says who speaks
 * and how long. No password and no mail passes where it must not, and the
 * words for the operator stay printable and hold no address.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "channels/smtp_watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool ok)
{
	if (!ok) {
		abort();
	}
}

static bool
begins(const char *s, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && strncasecmp(s, with, n) == 0;
}

static void
check_words(const char *s)
{
	must(strlen(s) < SMTP_WORDS && strchr(s, '@') == NULL);
	for (; *s != '\0'; s++) {
		must(*s >= ' ' && *s <= '~');
	}
}

static void
write_piece(struct smtp_watch *w, const char *s, size_t len)
{
	bool secure = w->tls && w->tls_checked;
	bool challenged = w->step == SMTP_AUTH && w->code == 334;
	bool fine = smtp_watch_write(w, s, len);

	must(fine == (w->broken == NULL));
	if (fine && begins(s, len, "MAIL ") && !challenged) {
		must(!w->need_tls || secure);
		must(!w->need_auth || w->authenticated);
	}
	if (fine && begins(s, len, "AUTH ")) {
		must(secure || (w->loopback && !w->need_tls));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct smtp_watch w = {0};
	size_t i = 1, n;

	if (len == 0) {
		return 0;
	}
	w.need_tls = data[0] & 1;
	w.need_auth = data[0] & 2;
	w.tls_checked = data[0] & 4;
	w.loopback = data[0] & 8;
	while (i < len) {
		uint8_t head = data[i++];

		n = head >> 2 < len - i ? head >> 2 : len - i;
		if ((head & 3) == 0) {
			w.tls = true;
		} else if ((head & 3) == 1) {
			write_piece(&w, (const char *)data + i, n);
		} else {
			bool fine =
			    smtp_watch_read(&w, (const char *)data + i, n);

			must(fine == (w.broken == NULL));
		}
		i += n;
		check_words(w.words);
		check_words(w.auth_words);
	}
	return 0;
}
