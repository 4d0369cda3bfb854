/*
 * version: of assentd and assent.
 */
#ifndef VERSION_H
#define VERSION_H

#define ASSENT_VERSION "0.1.0"

/*
 * How we say who we are to Discord ("Reference", User Agent): an address and a
 * version in this form, or Cloudflare may turn us away. The project has no page
 * of its own; RFC 2606 keeps .invalid for that.
 */
#define ASSENT_DISCORD_AGENT \
	"DiscordBot (https://assent.invalid, " ASSENT_VERSION ")"

#endif
