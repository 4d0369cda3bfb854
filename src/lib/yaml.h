/*
 * yaml: files people write, into JSON values. The door to libyaml.
 *
 * YAML 1.2 core schema (plain scalars: null ~ true false, integers, numbers;
 * all else text, so on/yes/NO stay text). Aliases and anchors, tags, merge
 * keys, duplicate keys, second documents, keys that are not text, numbers that
 * are infinite or beyond 2^53 - 1 (ids without quotes), NUL characters, depth
 * over 64, more than 100,000 nodes and files over 1 MiB are refused with line
 * and reason.
 */
#ifndef LIB_YAML_H
#define LIB_YAML_H

#include <jansson.h>
#include <stddef.h>

#include "lib/rc.h"

enum {
	YAML_BYTES_MAX = 1024 * 1024,
	YAML_NODES_MAX = 100000,
	YAML_DEPTH_MAX = 64
};

/*
 * An empty text gives a JSON null. On failure f->text begins with
 * "line N: ". The caller owns *out.
 */
enum rc yaml_read(const char *s, size_t len, json_t **out, struct fault *f)
    MUST_CHECK;
/*
 * The line (from 1) on which top-level key `key` of this text stands, or of
 * what is inside of it when `key` is a path such as "checks[2].max"; 0 if it is
 * not there. For messages.
 */
int yaml_line_of(const char *s, size_t len, const char *key);
/*
 * Reads a file. RC_NOT_FOUND, or RC_INVALID with "FILE: line N: ..." or what
 * the system said.
 */
enum rc yaml_read_file(const char *path, json_t **out, struct fault *f)
    MUST_CHECK;

#endif
