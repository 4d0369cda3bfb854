/*
 * daemon_check: what a start refuses beyond the form of single settings.
 *
 * Looks and writes nothing, so that --check-config may ask too.
 */
#ifndef DAEMON_CHECK_H
#define DAEMON_CHECK_H

#include "config.h"
#include "outbox.h"

/* RC_INVALID names the setting: a file or folder that cannot be read, a key, a
 * network or a schedule that is none. */
enum rc daemon_check(const struct config *, struct fault *) MUST_CHECK;
/* Fills the waits between the attempts at a webhook. RC_INVALID. */
enum rc daemon_retries(const struct config *, struct outbox_options *,
    struct fault *) MUST_CHECK;

#endif
