/*
 * The input as the d of an INTERACTION_CREATE.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "bots/discord_interaction.h"
#include "lib/json.h"
#include "lib/text.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_drop) struct arena *a = arena_new();
	CLEANUP(json_drop) json_t *d =
	    json_loadb((const char *)data, len, 0, NULL);
	struct discord_interaction in;
	struct fault f = {0};
	enum rc rc;

	if (d == NULL) {
		return 0;
	}
	rc = discord_interaction_read(d, a, &in, &f);
	assert(rc == RC_OK || rc == RC_NOT_FOUND || rc == RC_FORBIDDEN ||
	    rc == RC_INVALID);
	assert(rc == RC_OK || f.rc == rc);
	if (rc == RC_OK || rc == RC_FORBIDDEN) {
		assert(in.number != 0);
		assert(strpbrk(in.token, "/?#%\r\n ") == NULL);
	}
	if (rc != RC_OK) {
		return 0;
	}
	assert(strlen(in.handle) <= HANDLE_MAX && *in.handle != '\0');
	assert(in.option >= 0 && in.option < INTENT_OPTIONS_MAX);
	assert(in.roles.n <= DISCORD_ROLES_MAX);
	assert(in.guild == NULL ||
	    strncmp(in.remote_id, in.guild, strlen(in.guild)) == 0);
	assert(text_is_utf8(in.name, strlen(in.name)));
	return 0;
}
