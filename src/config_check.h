/*
 * config_check: whether a text may be the value of a setting. Pure.
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include <stdbool.h>

#include "config.h"
#include "lib/rc.h"

/* RC_INVALID names the setting and says what it must be. */
enum rc setting_check(const struct setting *, const char *value, struct fault *)
    MUST_CHECK;
/* RC_INVALID with the names of the setting before the words. */
enum rc setting_refuse(struct fault *, const struct setting *, const char *why);
/* 1 true yes on, 0 false no off, in any case; false for other texts. */
bool setting_bool(const char *text, bool *out);

#endif
