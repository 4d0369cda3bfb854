#include "tests/unit/discord_checks.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "bots/discord_text.h"
#include "lib/buf.h"
#include "lib/mem.h"

const char *
discord_text_of(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

/* Adds the length; what is there must not be blank. */
static void
check_text(const char *s, size_t max, bool needed, size_t *total)
{
	size_t n = discord_units(s);

	assert(n <= max);
	assert(!needed || s[strspn(s, " \n\t")] != '\0');
	*total += n;
}

static size_t
check_embed(const json_t *e)
{
	const json_t *fields = json_object_get(e, "fields"), *field;
	size_t total = 0, i;

	check_text(discord_text_of(e, "title"), 256, false, &total);
	check_text(discord_text_of(e, "description"), 4096, false, &total);
	check_text(discord_text_of(json_object_get(e, "footer"), "text"), 2048,
	    false, &total);
	assert(json_array_size(fields) <= 25);
	json_array_foreach(fields, i, field)
	{
		check_text(discord_text_of(field, "name"), 256, true, &total);
		check_text(discord_text_of(field, "value"), 1024, true, &total);
	}
	return total;
}

const json_t *
discord_button(const json_t *message, int n)
{
	const json_t *row, *button;
	size_t i, k;

	json_array_foreach(json_object_get(message, "components"), i, row)
	{
		json_array_foreach(json_object_get(row, "components"), k,
		    button)
		{
			if (n-- == 0) {
				return button;
			}
		}
	}
	return NULL;
}

static void
check_button(const json_t *message, int n)
{
	enum { STYLE_LINK = 5 };
	const json_t *b = discord_button(message, n);
	const char *id = discord_text_of(b, "custom_id");
	size_t ignored = 0;

	check_text(discord_text_of(b, "label"), 80, true, &ignored);
	if (json_integer_value(json_object_get(b, "style")) == STYLE_LINK) {
		assert(*id == '\0');
		assert(strlen(discord_text_of(b, "url")) <= 512);
		return;
	}
	assert(*id != '\0' && strlen(id) <= 100);
	for (int i = 0; i < n; i++) {
		assert(strcmp(id,
			   discord_text_of(discord_button(message, i),
			       "custom_id")) != 0);
	}
}

void
discord_check_message(const json_t *m)
{
	const json_t *embeds = json_object_get(m, "embeds"), *e, *row;
	const json_t *parse =
	    json_object_get(json_object_get(m, "allowed_mentions"), "parse");
	size_t total = 0, i;

	assert(json_is_array(parse) && json_array_size(parse) == 0);
	assert(discord_units(discord_text_of(m, "content")) <= 2000);
	assert(json_array_size(embeds) <= 10);
	assert(*discord_text_of(m, "content") != '\0' ||
	    json_array_size(embeds) > 0);
	json_array_foreach(embeds, i, e)
	{
		total += check_embed(e);
	}
	assert(total <= 6000);
	assert(json_array_size(json_object_get(m, "components")) <= 5);
	json_array_foreach(json_object_get(m, "components"), i, row)
	{
		size_t n = json_array_size(json_object_get(row, "components"));

		assert(n >= 1 && n <= 5);
	}
	for (int k = 0; discord_button(m, k) != NULL; k++) {
		check_button(m, k);
	}
}

char *
discord_words(const json_t *message)
{
	CLEANUP(buf_fini) struct buf out;
	const json_t *e, *field;
	size_t i, k;

	buf_init(&out, 0);
	json_array_foreach(json_object_get(message, "embeds"), i, e)
	{
		buf_printf(&out, "%s\n%s\n", discord_text_of(e, "title"),
		    discord_text_of(e, "description"));
		json_array_foreach(json_object_get(e, "fields"), k, field)
		{
			buf_printf(&out, "%s: %s\n",
			    discord_text_of(field, "name"),
			    discord_text_of(field, "value"));
		}
	}
	return mem_strdup(buf_str(&out));
}
