#include "lib/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"

void
notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t len = path != NULL ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(addr.sun_path)) {
		return;
	}
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@') {
		addr.sun_path[0] = '\0'; /* the abstract namespace, unix(7) */
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return;
	}
	/* Nobody there to hear is no reason to stop. */
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (const struct sockaddr *)(const void *)&addr,
	    (socklen_t)(sizeof(addr.sun_family) + len));
	(void)close(fd);
}

void
notify_reloading(void)
{
	char state[80];

	(void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    clock_mono_us());
	notify_send(state);
}

int
notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	long long n = usec != NULL ? strtoll(usec, NULL, 10) : 0;

	/* Twice as often as asked for, as sd_watchdog_enabled(3) advises. */
	return n > 0 ? (int)(n / 2000) : 0;
}
