/*
 * policy_folder: a folder of policy files for one test.
 */
#ifndef POLICY_FOLDER_H
#define POLICY_FOLDER_H

#include "policy_load.h"

struct policy_folder {
	char path[64];
};

/* A fresh, empty folder below the folder for temporary files. */
void policy_folder_init(struct policy_folder *);
/* Writes or replaces a file. */
void policy_folder_put(const struct policy_folder *, const char *name,
    const char *text);
void policy_folder_put_bytes(const struct policy_folder *, const char *name,
    const void *bytes, size_t len);
/* Removes the folder and all in it. Fits CLEANUP. */
void policy_folder_fini(struct policy_folder *);

/* dana and lee are finance, kim is nobody's; channels ops and money. */
struct people *policy_folder_people(void);
/* The set of one file, "p.yaml"; fails the test when it does not load. */
struct policy_set *policy_set_of(const char *text);
/* For CLEANUP. */
void policy_set_drop(struct policy_set **);

#endif
