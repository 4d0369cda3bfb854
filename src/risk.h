/*
 * risk: a score for what is asked, with its reasons. Pure.
 */
#ifndef RISK_H
#define RISK_H

#include "intent.h"
#include "lib/arena.h"

/*
 * Adds the documented parts for destination, records, value, tags and
 * sensitive words, capped at 1 and rounded to two decimals; names each part
 * that counted. Levels: critical from 0.75, high 0.5, medium 0.25.
 */
void risk_score(const struct draft *, struct arena *, struct risk *out);

#endif
