/*
 * master_key: the one secret that all others are derived from, in words or in
 * a file.
 */
#ifndef MASTER_KEY_H
#define MASTER_KEY_H

#include "lib/crypto.h"
#include "lib/rc.h"

/*
 * 64 hex digits, or base64 of 32 bytes, blanks around it allowed. RC_INVALID
 * about `field` also for one byte over and over: a placeholder that nobody
 * replaced.
 */
enum rc master_key_parse(const char *s, const char *field,
    unsigned char key[CRYPTO_KEY], struct fault *) MUST_CHECK;
/*
 * The key in DIR/master.key, which is made with mode 0600 when it is missing
 * and on disk before this returns. RC_INVALID: no key, a file that others can
 * reach, no plain file, or not ours. RC_INTERNAL: it cannot be read or
 * written. Both are about the field "master.key".
 */
enum rc master_key_file(const char *dir, unsigned char key[CRYPTO_KEY],
    struct fault *) MUST_CHECK;

#endif
