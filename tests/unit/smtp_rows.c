#include "smtp_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

const struct smtp_mail smtp_rows_mail = {
    .from = "agent@example.com",
    .to = "dana@example.com",
    .message = SMTP_ROWS_MESSAGE,
    .message_len = sizeof(SMTP_ROWS_MESSAGE) - 1,
};

struct smtp *
smtp_rows_client(const struct relay *r, const struct smtp_options *o)
{
	char ca[96];
	struct smtp_options whole = *o;
	struct smtp *s = NULL;
	struct fault f = {0};

	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", relay_certs());
	whole.host = o->host != NULL ? o->host : "localhost";
	whole.port = r->port;
	whole.ca_file = o->tls != SMTP_TLS_OFF && access(ca, R_OK) == 0 ? ca
									: NULL;
	if (whole.step_ms == 0) {
		whole.step_ms = whole.end_ms = PATIENT_MS;
	}
	assert_int_equal(smtp_new(&whole, &s, &f), RC_OK);
	return s;
}

static void
check_row(const struct smtp_row *row)
{
	struct relay r;
	struct smtp *s;
	struct smtp_outcome out = {0};

	relay_start(&r, row->args);
	s = smtp_rows_client(&r, &row->o);
	smtp_send(s, &smtp_rows_mail, &out);
	smtp_free(s);
	if (out.rc != row->rc || out.blame != row->blame ||
	    strstr(out.detail, row->detail) == NULL ||
	    relay_mails(&r) != row->mails ||
	    (row->unseen != NULL && relay_saw(&r, row->unseen))) {
		char *log = relay_file(&r, "commands");

		print_error("relay %s: %s, blame %d: %s\n%s", row->args,
		    rc_name(out.rc), (int)out.blame, out.detail, log);
		free(log);
		fail();
	}
}

void
smtp_rows_check(const struct smtp_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		check_row(&rows[i]);
	}
}
