/*
 * risk: a score for what is asked, with its reasons. Pure.
 *
 * The score informs people and decides nothing. It is the sum of these parts,
 * at most 1. Where Zehrava's documentation names an increment, that one is
 * used; its server's where the documentation is silent. "More than" is strict.
 *
 *	high_risk_destination     0.35  a word of the destination is stripe,
 *	                                quickbooks, netsuite, payroll, wire, ach
 *	                                or bank
 *	medium_risk_destination   0.20  otherwise: salesforce, hubspot, marketo,
 *	                                zendesk or intercom
 *	elevated_record_count     0.10  more than 100 records
 *	large_record_count        0.20  more than 1,000
 *	very_large_record_count   0.30  more than 10,000
 *	financial_value_present   0.05  more than 0 USD
 *	elevated_financial_value  0.20  more than 1,000 USD
 *	high_financial_value      0.20  more than 10,000 USD
 *	sensitive_data_tagged     0.10  for each different tag other than
 *	pii_tagged                0.10  pii and health, which are named so
 *	sensitive_fields_detected 0.15  the payload speaks of passports, card
 *	                                or account numbers, diagnoses, ...
 *
 * Levels: critical from 0.75, high from 0.5, medium from 0.25, else low.
 */
#ifndef RISK_H
#define RISK_H

#include "intent.h"
#include "lib/arena.h"
#include "match.h"

/* Two decimals; each part that counted is named once. */
void risk_score(const struct draft *, struct arena *, struct risk *out);
/* The same for a caller that has the payload ready to be searched. */
void risk_score_text(const struct draft *, const struct match_text *payload,
    struct arena *, struct risk *out);

#endif
