/*
 * net: a listening socket, and addresses as text.
 */
#ifndef LIB_NET_H
#define LIB_NET_H

#include <sys/socket.h>

#include "lib/rc.h"

enum { NET_ADDR_SIZE = 46 }; /* any address as text, with its NUL */

/*
 * Listens for TCP on a host (a name or an address; "" = all IPv4, "::" = all,
 * IPv4 too) and port (0 = any free one). The port is shared with nobody: a
 * second socket on it is RC_CONFLICT. The caller closes *out.
 */
enum rc net_listen(const char *host, int port, int *out, struct fault *)
    MUST_CHECK;
/* The port a socket is bound to. */
int net_port(int fd);
/*
 * An address without its port. IPv4 in IPv6, as a socket on "::" sees it, is
 * written as IPv4; families other than the two give "". `out` has
 * NET_ADDR_SIZE bytes. Returns out.
 */
char *net_addr_text(const struct sockaddr *, char *out);

#endif
