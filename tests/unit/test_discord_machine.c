#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bots/discord_machine.h"
#include "lib/rc.h"

/* Where each event leads; '.' = it means nothing there. Columns are events. */
static const struct {
	enum discord_state state;
	const char *next;
} table[] = {
    /*		          start hold find connect opened resume identify
     *                    counted ready resumed leave late zombie lost refused
     *                    stop */
    {DISCORD_OFF, "W..............."},
    {DISCORD_WAITING, ".WFC...........O"},
    {DISCORD_FINDING, ".W.C.........WRO"},
    {DISCORD_CONNECTING, "....G........WRS"},
    {DISCORD_GREETING, ".....MU...XXXWRS"},
    {DISCORD_COUNTING, ".......I..XXXWRS"},
    {DISCORD_IDENTIFYING, "........L.XXXWRS"},
    {DISCORD_RESUMING, ".........LXXXWRS"},
    {DISCORD_LIVE, "..........XXXWRS"},
    {DISCORD_CLOSING, ".............WRS"},
    {DISCORD_STOPPING, ".............OO."},
    {DISCORD_REFUSED, "...............O"},
};

static enum discord_state
state_of(char c)
{
	static const char letters[DISCORD_STATES + 1] = "OWFCGUIMLXSR";

	return (enum discord_state)(strchr(letters, c) - letters);
}

static void
every_event_in_every_state_leads_where_the_table_says(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_LEN(table), DISCORD_STATES);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_int_equal(table[i].state, i);
		assert_int_equal(strlen(table[i].next), DISCORD_EVENTS);
		for (size_t e = 0; e < DISCORD_EVENTS; e++) {
			struct discord_move m;
			bool allowed = discord_machine_step(table[i].state,
			    (enum discord_event)e, &m);

			assert_int_equal(allowed, table[i].next[e] != '.');
			if (allowed) {
				assert_int_equal(m.state,
				    state_of(table[i].next[e]));
			}
		}
	}
}

/* What is done goes with where it leads, whichever event it was. */
static void
every_state_is_entered_by_its_own_action(void **state)
{
	static const struct {
		enum discord_state to;
		enum discord_action does[2];
	} rows[] = {
	    {DISCORD_OFF, {DISCORD_DO_END, DISCORD_DO_END}},
	    {DISCORD_WAITING, {DISCORD_DO_WAIT, DISCORD_DO_WAIT}},
	    {DISCORD_FINDING, {DISCORD_DO_FIND, DISCORD_DO_FIND}},
	    {DISCORD_CONNECTING, {DISCORD_DO_CONNECT, DISCORD_DO_CONNECT}},
	    {DISCORD_GREETING, {DISCORD_DO_NOTHING, DISCORD_DO_NOTHING}},
	    {DISCORD_COUNTING, {DISCORD_DO_COUNT, DISCORD_DO_COUNT}},
	    {DISCORD_IDENTIFYING, {DISCORD_DO_IDENTIFY, DISCORD_DO_IDENTIFY}},
	    {DISCORD_RESUMING, {DISCORD_DO_RESUME, DISCORD_DO_RESUME}},
	    {DISCORD_LIVE, {DISCORD_DO_LIVE, DISCORD_DO_LIVE}},
	    {DISCORD_CLOSING, {DISCORD_DO_CLOSE, DISCORD_DO_DROP}},
	    {DISCORD_REFUSED, {DISCORD_DO_REFUSE, DISCORD_DO_REFUSE}},
	};

	(void)state;
	for (size_t s = 0; s < DISCORD_STATES; s++) {
		for (size_t e = 0; e < DISCORD_EVENTS; e++) {
			struct discord_move m;

			if (!discord_machine_step((enum discord_state)s,
				(enum discord_event)e, &m)) {
				continue;
			}
			for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
				assert_true(rows[i].to != m.state ||
				    m.action == rows[i].does[0] ||
				    m.action == rows[i].does[1]);
			}
		}
	}
}

static void
whoever_does_not_listen_is_dropped_and_others_are_told(void **state)
{
	static const struct {
		enum discord_state from;
		enum discord_event on;
		enum discord_action does;
	} rows[] = {
	    {DISCORD_LIVE, DISCORD_ON_ZOMBIE, DISCORD_DO_DROP},
	    {DISCORD_RESUMING, DISCORD_ON_LATE, DISCORD_DO_DROP},
	    {DISCORD_GREETING, DISCORD_ON_LATE, DISCORD_DO_DROP},
	    {DISCORD_LIVE, DISCORD_ON_LEAVE, DISCORD_DO_CLOSE},
	    {DISCORD_LIVE, DISCORD_ON_STOP, DISCORD_DO_CLOSE},
	    {DISCORD_CONNECTING, DISCORD_ON_STOP, DISCORD_DO_DROP},
	    {DISCORD_CLOSING, DISCORD_ON_STOP, DISCORD_DO_NOTHING},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct discord_move m;

		assert_true(discord_machine_step(rows[i].from, rows[i].on, &m));
		assert_int_equal(m.action, rows[i].does);
	}
}

static void
no_state_lasts_for_ever_unless_it_may(void **state)
{
	(void)state;
	for (size_t s = 0; s < DISCORD_STATES; s++) {
		enum discord_state one = (enum discord_state)s;
		struct discord_move m;

		assert_non_null(discord_state_name(one));
		/* A deadline has somewhere to go to. */
		assert_true(discord_machine_deadline_ms(one) == 0 ||
		    one == DISCORD_FINDING ||
		    discord_machine_step(one, DISCORD_ON_LATE, &m));
	}
	for (size_t e = 0; e < DISCORD_EVENTS; e++) {
		assert_non_null(discord_event_name((enum discord_event)e));
	}
	assert_true(discord_machine_connected(DISCORD_STOPPING));
	assert_false(discord_machine_connected(DISCORD_WAITING));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		every_event_in_every_state_leads_where_the_table_says),
	    cmocka_unit_test(every_state_is_entered_by_its_own_action),
	    cmocka_unit_test(
		whoever_does_not_listen_is_dropped_and_others_are_told),
	    cmocka_unit_test(no_state_lasts_for_ever_unless_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
