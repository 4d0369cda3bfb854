/*
 * The settings of assentd: one row each.
 */
#include "config.h"

#define TEXT(n, e, d, ...) \
	{ \
		.name = n, .env = e, .type = SETTING_TEXT, .fallback = d, \
		.help = __VA_ARGS__ \
	}
#define SECRET(n, e, ...) \
	{ \
		.name = n, .env = e, .type = SETTING_TEXT, .secret = true, \
		.help = __VA_ARGS__ \
	}
#define INT(n, e, d, w, ...) \
	{ \
		.name = n, .env = e, .type = SETTING_INT, .fallback = d, \
		.words = w, .help = __VA_ARGS__ \
	}
#define BOOL(n, e, d, ...) \
	{ \
		.name = n, .env = e, .type = SETTING_BOOL, .fallback = d, \
		.help = __VA_ARGS__ \
	}
#define WORD(n, e, d, w, ...) \
	{ \
		.name = n, .env = e, .type = SETTING_WORD, .fallback = d, \
		.words = w, .help = __VA_ARGS__ \
	}

#define LIST(n, e, d, ...) \
	{ \
		.name = n, .env = e, .type = SETTING_LIST, .fallback = d, \
		.help = __VA_ARGS__ \
	}

const struct setting settings[] = {
    TEXT("host", "HOST", "127.0.0.1", "address to listen on"),
    INT("port", "PORT", "4000", "1..65535", "port to listen on"),
    {.name = "public_url",
	.env = "ASSENT_PUBLIC_URL",
	.type = SETTING_URL,
	.help = "base of the links sent to people"},
    TEXT("data_dir", "ASSENT_DATA_DIR", "./data",
	"folder of the database and the keys"),
    TEXT("policy_dir", "ASSENT_POLICY_DIR", "./policies",
	"folder of the policies"),
    TEXT("template_dir", "ASSENT_TEMPLATE_DIR", NULL,
	"folder of templates that replace the built-in ones"),
    SECRET("master_key", "ASSENT_MASTER_KEY",
	"32 bytes, hex or base64; made in the data folder when absent"),
    SECRET("master_key_previous", "ASSENT_MASTER_KEY_PREVIOUS",
	"the master key before, while old payloads are still read"),
    SECRET("admin_api_key", "ADMIN_API_KEY",
	"an admin key, at least 16 characters"),
    TEXT("smtp.host", "SMTP_HOST", NULL,
	"mail relay; setting it turns e-mail on"),
    INT("smtp.port", "SMTP_PORT", NULL, "1..65535",
	"port of the relay; see assent.yaml(5) for the default"),
    TEXT("smtp.user", "SMTP_USER", NULL, "user for AUTH"),
    SECRET("smtp.pass", "SMTP_PASS", "password for AUTH"),
    TEXT("smtp.from", "SMTP_FROM", NULL, "sender of the mails"),
    WORD("smtp.tls", "SMTP_TLS", NULL, "off|opportunistic|required|implicit",
	"TLS to the relay; required unless it is on loopback"),
    TEXT("smtp.ca_file", "SMTP_CA_FILE", NULL,
	"further CAs for the relay, PEM, beside the system's"),
    INT("smtp.retry_s", "ASSENT_SMTP_RETRY_S", "30", "1..3600",
	"seconds before a mail is tried again; doubles up to an hour"),
    SECRET("slack.app_token", "SLACK_APP_TOKEN",
	"app-level token, xapp-; with slack.bot_token turns Slack on"),
    SECRET("slack.bot_token", "SLACK_BOT_TOKEN", "bot token, xoxb-"),
    TEXT("slack.default_channel", "SLACK_DEFAULT_CHANNEL", NULL,
	"TEAM/CHANNEL that is asked where no channel is named"),
    {.name = "slack.api_url",
	.env = "SLACK_API_URL",
	.type = SETTING_URL,
	.fallback = "https://slack.com/api/",
	.help = "base of Slack's Web API"},
    SECRET("discord.bot_token", "DISCORD_BOT_TOKEN",
	"bot token; setting it turns Discord on"),
    TEXT("discord.default_channel", "DISCORD_DEFAULT_CHANNEL", NULL,
	"channel id that is asked where no channel is named"),
    {.name = "discord.api_url",
	.env = "DISCORD_API_URL",
	.type = SETTING_URL,
	.fallback = "https://discord.com/api/v10",
	.help = "base of Discord's API"},
    WORD("magic_link.confirm", "ASSENT_MAGIC_LINK_CONFIRM", "code",
	"code|button",
	"what approving by link needs: the code of the mail, or a button"),
    LIST("webhook.retry_s", "ASSENT_WEBHOOK_RETRY_S",
	"5,30,120,600,3600,21600,86400",
	"seconds between the attempts at a webhook"),
    TEXT("vantagate.policy", "VANTAGATE_POLICY", NULL,
	"policy of checkpoints; default: always ask a person"),
    BOOL("vantagate.expose_secure_token", "VANTAGATE_EXPOSE_SECURE_TOKEN",
	"false", "secure_token decides: whoever asks can answer. Unsafe"),
    {.name = "vantagate.upgrade_url",
	.env = "VANTAGATE_UPGRADE_URL",
	.type = SETTING_URL,
	.help = "where a key gets another plan; default: the public URL"},
    {.name = "vantagate.slack_webhook_prefix",
	.env = "VANTAGATE_SLACK_WEBHOOK_PREFIX",
	.type = SETTING_URL,
	.fallback = "https://hooks.slack.com/",
	.help = "what slack_webhook_url must begin with; for tests"},
    BOOL("allow_private_targets", "ASSENT_ALLOW_PRIVATE_TARGETS", "false",
	"webhooks may go to private addresses and plain http"),
    TEXT("ca_file", "ASSENT_CA_FILE", NULL,
	"further CAs for webhooks and chats, PEM"),
    BOOL("open_registration", "ASSENT_OPEN_REGISTRATION", NULL,
	"agents register without a key; default: on loopback only"),
    LIST("trusted_proxies", "ASSENT_TRUSTED_PROXIES", NULL,
	"addresses of proxies whose X-Forwarded-For counts"),
    TEXT("tls.cert_file", "TLS_CERT_FILE", NULL,
	"certificate chain, PEM; with tls.key_file turns TLS on"),
    TEXT("tls.key_file", "TLS_KEY_FILE", NULL, "its key, PEM"),
    INT("http.connections_max", "ASSENT_HTTP_CONNECTIONS_MAX", "8000",
	"1..100000", "connections at a time"),
    INT("http.connections_per_address", "ASSENT_HTTP_CONNECTIONS_PER_ADDRESS",
	"0", "0..100000", "of one address; 0 = no limit on loopback, else 200"),
    INT("http.timeout_s", "ASSENT_HTTP_TIMEOUT_S", "15", "1..3600",
	"idle and slow clients are closed after this"),
    INT("retention.payload_hours", "ASSENT_RETENTION_PAYLOAD_HOURS", "720",
	"0..87600",
	"payloads of settled intents are erased after this; 0 = never"),
    {.name = "log.level",
	.env = "LOG_LEVEL",
	.type = SETTING_WORD,
	.fallback = "info",
	.words = "error|warn|info|debug",
	.reloadable = true,
	.help = "how much is logged"},
    {.name = "log.format",
	.env = "LOG_FORMAT",
	.type = SETTING_WORD,
	.fallback = "text",
	.words = "text|json",
	.reloadable = true,
	.help = "form of the log lines"},
};

const int settings_n = (int)ARRAY_LEN(settings);
