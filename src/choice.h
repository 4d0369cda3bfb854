/*
 * choice: what the labels of an intent's options must be, so that a person
 * knows which is which. Pure.
 */
#ifndef CHOICE_H
#define CHOICE_H

#include <stdbool.h>

#include "intent.h"

enum {
	CHOICE_MIN = 2,	      /* options; at most INTENT_OPTIONS_MAX */
	CHOICE_LABEL_MAX = 80 /* characters */
};

/* Whether there is something in it to see. */
bool choice_can_be_read(const char *label);
/*
 * RC_INVALID when a person may take one option for another, or when none
 * counts as yes, or none as no. The fault's field is empty.
 */
enum rc choice_check(struct arena *, const struct option *, int n,
    struct fault *) MUST_CHECK;

#endif
