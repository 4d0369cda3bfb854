/*
 * lifecycle: draws the tables of src/lifecycle.c, for mermaid.
 *
 * README holds this picture; tests/lint/docs compares the two.
 */
#include "lifecycle.h"

#include <stdio.h>

/* What a policy may say at once: the states of struct verdict. */
static void
draw_verdicts(void)
{
	static const struct {
		enum intent_state state;
		const char *why;
	} rows[] = {
	    {INTENT_PENDING, "the policy asks people"},
	    {INTENT_APPROVED, "the policy approves"},
	    {INTENT_BLOCKED, "the policy blocks"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		printf("    [*] --> %s: %s\n", intent_state_name(rows[i].state),
		    rows[i].why);
	}
}

static void
draw_intents(void)
{
	for (int from = 0; from < INTENT_STATES; from++) {
		for (int ev = 0; ev < INTENT_EVENTS; ev++) {
			enum intent_state to;

			if (lifecycle_next((enum intent_state)from,
				(enum intent_event)ev, &to)) {
				printf("    %s --> %s: %s\n",
				    intent_state_name((enum intent_state)from),
				    intent_state_name(to),
				    intent_event_name((enum intent_event)ev));
			}
		}
	}
}

/* Only an approved intent is executed, so these stand inside of it. */
static void
draw_executions(void)
{
	printf("    state %s {\n        [*] --> %s\n",
	    intent_state_name(INTENT_APPROVED),
	    execution_state_name(EXECUTION_NONE));
	for (int from = 0; from < EXECUTION_STATES; from++) {
		for (int ev = 0; ev < EXECUTION_EVENTS; ev++) {
			enum execution_state to;

			if (lifecycle_execution_next((enum execution_state)from,
				(enum execution_event)ev, &to)) {
				printf("        %s --> %s: %s\n",
				    execution_state_name((enum execution_state)
					    from),
				    execution_state_name(to),
				    execution_event_name((enum execution_event)
					    ev));
			}
		}
	}
	printf("    }\n");
}

int
main(void)
{
	printf("stateDiagram-v2\n");
	draw_verdicts();
	draw_intents();
	draw_executions();
	return 0;
}
