/*
 * notify: tells the service manager how we are (sd_notify(3)), by one datagram
 * to $NOTIFY_SOCKET. Without that variable nothing happens.
 */
#ifndef LIB_NOTIFY_H
#define LIB_NOTIFY_H

/* "READY=1", "STOPPING=1", "WATCHDOG=1"; lines separated by \n. */
void notify_send(const char *state);
/* "RELOADING=1" with the monotonic time that it needs. */
void notify_reloading(void);
/* How often WATCHDOG=1 is wanted, in ms; 0 = never ($WATCHDOG_USEC). */
int notify_watchdog_ms(void);

#endif
