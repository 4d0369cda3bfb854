/*
 * relay: a fake mail relay beside the test, tests/fake/smtp_server.py.
 */
#ifndef TESTS_UNIT_RELAY_H
#define TESTS_UNIT_RELAY_H

#include <stdbool.h>

struct relay {
	int port;
	char dir[64]; /* what it leaves there */
};

/* Where the certificates of this program's relays are: "ca.pem" and others. */
const char *relay_certs(void);
/*
 * A relay that behaves as `args` say, blank-separated words in which "+"
 * stands for a blank. There is one at a time: it replaces the one before.
 */
void relay_start(struct relay *, const char *args);
/* Ends it and removes what all relays of this program left. */
void relay_clean(void);

/* How many mails it took over. */
int relay_mails(const struct relay *);
/* File `name` of its directory; the caller frees. "" when there is none. */
char *relay_file(const struct relay *, const char *name);
/* Whether a line of its log begins so: "C: MAIL". */
bool relay_saw(const struct relay *, const char *begin);
/* Waits until it has, for at most ten seconds. */
bool relay_sees(const struct relay *, const char *begin);

#endif
