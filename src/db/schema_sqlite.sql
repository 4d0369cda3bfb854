-- The schema of assent, as numbered migrations. A migration that has shipped
-- is never changed; a change is a new number. Times are milliseconds since
-- 1970 UTC; ids are text in the order of their making (see lib/id.h).

-- migration 1

-- Software that asks. One agent may have several keys.
CREATE TABLE agent (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	owner TEXT,			-- person id or e-mail address
	risk_tier TEXT,
	framework TEXT,
	allowed_policies TEXT NOT NULL,	-- JSON array; empty = all
	allowed_destinations TEXT NOT NULL,
	metadata TEXT,			-- JSON object or NULL
	status TEXT NOT NULL,		-- active, suspended, revoked
	pending INTEGER NOT NULL,	-- its intents that wait for people
	created_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- API keys of agents, reviewers and admins. Only a digest is kept.
CREATE TABLE key (
	id TEXT PRIMARY KEY,
	hash TEXT NOT NULL UNIQUE,	-- SHA-256 of the key, hex
	class TEXT NOT NULL,		-- agent, reviewer, admin
	name TEXT NOT NULL,
	agent_id TEXT,			-- of class agent
	person TEXT,			-- id in assent.yaml; NULL = stands alone
	dialect TEXT NOT NULL,
	scopes TEXT NOT NULL,		-- JSON array
	rate_limit INTEGER NOT NULL,	-- requests a minute; 0 = unlimited
	created_ms INTEGER NOT NULL,
	revoked_ms INTEGER		-- NULL while it counts
) WITHOUT ROWID;

-- What agents want to do. See src/intent.h for the meaning of the columns.
CREATE TABLE intent (
	id TEXT PRIMARY KEY,
	version INTEGER NOT NULL,
	dialect TEXT NOT NULL,
	agent_id TEXT NOT NULL,
	agent_name TEXT NOT NULL,
	owner TEXT,
	destination TEXT NOT NULL,
	policy_id TEXT NOT NULL,
	policy_version TEXT NOT NULL,
	payload_type TEXT,
	payload_bytes INTEGER NOT NULL,
	payload_sha256 TEXT NOT NULL,
	digest TEXT NOT NULL,
	record_count INTEGER,
	value_usd REAL,
	tags TEXT NOT NULL,		-- JSON array
	idempotency_key TEXT,		-- of the body
	idempotency_header TEXT,	-- header Idempotency-Key
	request_sha256 TEXT,		-- of the body that came with the header
	on_behalf_of TEXT,
	profile TEXT,
	metadata TEXT,			-- JSON object or NULL
	title TEXT,
	description TEXT,
	urgency INTEGER NOT NULL,
	options TEXT NOT NULL,		-- JSON [[label, outcome], ...]
	callback_url TEXT,
	risk_score REAL NOT NULL,
	risk_level TEXT NOT NULL,
	risk_factors TEXT NOT NULL,	-- JSON array
	plan TEXT NOT NULL,		-- JSON object
	required INTEGER NOT NULL,	-- of the plan: approvals needed
	verdict TEXT NOT NULL,		-- pending, approved, blocked
	verdict_reason TEXT NOT NULL,
	verdict_code TEXT NOT NULL,
	state TEXT NOT NULL,
	chosen INTEGER NOT NULL,	-- index of the option; -1 = none
	reason TEXT,
	decided_by TEXT,
	decided_name TEXT,
	decided_via TEXT,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	settled_ms INTEGER NOT NULL,	-- 0 while pending
	approvals INTEGER NOT NULL,	-- votes counted
	denials INTEGER NOT NULL,
	execution TEXT NOT NULL,	-- none, leased, succeeded, failed, lapsed
	execution_id TEXT,
	purged INTEGER NOT NULL,	-- 1 once the payload was erased
	payload BLOB			-- sealed, last: rows are read without it
) WITHOUT ROWID;

-- The same agent with the same key: one intent, for ever.
CREATE UNIQUE INDEX intent_by_idempotency_key
	ON intent (agent_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX intent_by_idempotency_header
	ON intent (agent_id, idempotency_header)
	WHERE idempotency_header IS NOT NULL;
-- Lists and rate limits of one agent.
CREATE INDEX intent_by_agent ON intent (agent_id, id);
-- The clock's work: what is still open, by its deadline.
CREATE INDEX intent_open ON intent (expires_ms) WHERE state = 'pending';
-- Payloads that retention will erase.
CREATE INDEX intent_kept ON intent (settled_ms)
	WHERE purged = 0 AND settled_ms > 0;

-- One answer of one person.
CREATE TABLE vote (
	intent_id TEXT NOT NULL,
	person TEXT NOT NULL,
	name TEXT NOT NULL,
	via TEXT NOT NULL,
	assurance TEXT NOT NULL,
	option INTEGER NOT NULL,
	reason TEXT,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (intent_id, person)
) WITHOUT ROWID;

-- The one execution of an approved intent.
CREATE TABLE execution (
	id TEXT PRIMARY KEY,
	intent_id TEXT NOT NULL UNIQUE,
	agent_id TEXT NOT NULL,
	mode TEXT NOT NULL,
	state TEXT NOT NULL,
	token_hash TEXT NOT NULL,	-- SHA-256 of the execution token, hex
	result TEXT,			-- JSON
	leased_ms INTEGER NOT NULL,
	lease_until_ms INTEGER NOT NULL,
	reported_ms INTEGER NOT NULL	-- 0 = not yet
) WITHOUT ROWID;
CREATE INDEX execution_leased ON execution (lease_until_ms)
	WHERE state = 'leased';

-- Links sent to people. Only digests of token and code are kept.
CREATE TABLE magic_link (
	hash TEXT PRIMARY KEY,
	intent_id TEXT NOT NULL,
	person TEXT NOT NULL,
	code_hash TEXT,			-- NULL = no code is asked
	wrong INTEGER NOT NULL,		-- wrong codes so far
	used_ms INTEGER NOT NULL,	-- 0 = not used
	expires_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX magic_link_by_intent ON magic_link (intent_id);

-- One-time links to sign in to the local page.
CREATE TABLE sign_in_link (
	hash TEXT PRIMARY KEY,
	person TEXT NOT NULL,
	expires_ms INTEGER NOT NULL,
	used_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- Endpoints told about one intent.
CREATE TABLE webhook (
	id TEXT PRIMARY KEY,
	intent_id TEXT NOT NULL,
	url TEXT NOT NULL,
	secret BLOB,			-- sealed; NULL = the agent's own
	created_ms INTEGER NOT NULL,
	ended_ms INTEGER NOT NULL	-- 0 = in force
) WITHOUT ROWID;
CREATE INDEX webhook_by_intent ON webhook (intent_id);

-- The outbox: what is owed to people and endpoints.
CREATE TABLE delivery (
	id TEXT PRIMARY KEY,
	intent_id TEXT NOT NULL,
	kind TEXT NOT NULL,		-- ask, settled, webhook
	channel TEXT NOT NULL,
	person TEXT,
	address TEXT NOT NULL,
	webhook_id TEXT,
	event TEXT,			-- webhook: the word of the event
	event_ms INTEGER NOT NULL,
	state TEXT NOT NULL,		-- due, leased, done, dead, dropped
	attempts INTEGER NOT NULL,
	due_ms INTEGER NOT NULL,	-- due: not before; leased: lease ends
	remote_id TEXT,			-- the peer's name for the message
	error TEXT,
	created_ms INTEGER NOT NULL,
	ended_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX delivery_open ON delivery (channel, due_ms)
	WHERE state IN ('due', 'leased');
CREATE INDEX delivery_by_intent ON delivery (intent_id);
CREATE INDEX delivery_dead ON delivery (id) WHERE state = 'dead';

-- Numbers used once, for clients that ask for one before approving.
CREATE TABLE nonce (
	value TEXT PRIMARY KEY,
	expires_ms INTEGER NOT NULL,
	used_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- One-time tokens to fetch an approved payload.
CREATE TABLE download (
	hash TEXT PRIMARY KEY,
	intent_id TEXT NOT NULL,
	expires_ms INTEGER NOT NULL,
	used_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- What happened, in order. hash = SHA-256(hash before || event); event is
-- the canonical JSON (RFC 8785) of {actor, at, data, id, intent, type}.
CREATE TABLE audit (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	intent_id TEXT,
	event TEXT NOT NULL,
	hash BLOB NOT NULL
);
CREATE INDEX audit_by_intent ON audit (intent_id, seq)
	WHERE intent_id IS NOT NULL;

-- Counters that must survive a restart, and single facts.
CREATE TABLE fact (
	name TEXT PRIMARY KEY,
	value NOT NULL			-- an integer, or text
) WITHOUT ROWID;

-- migration 2

-- Erased when it is settled, not some time after.
ALTER TABLE intent ADD COLUMN erase_payload INTEGER NOT NULL DEFAULT 0;

-- An address that is a secret: sealed, and erased when its intent is settled;
-- `address` then only says where it leads.
ALTER TABLE delivery ADD COLUMN sealed BLOB;

-- How often an endpoint is tried; 0 = as the settings say.
ALTER TABLE webhook ADD COLUMN attempts_max INTEGER NOT NULL DEFAULT 0;

-- What a key may use up (see src/quota.h); NULL = no limits.
ALTER TABLE key ADD COLUMN quota TEXT;

-- What an agent has used up, by month ("2026-11", UTC).
CREATE TABLE quota_use (
	agent_id TEXT NOT NULL,
	month TEXT NOT NULL,
	intents INTEGER NOT NULL,
	PRIMARY KEY (agent_id, month)
) WITHOUT ROWID;

-- Interactions in chats that were taken: a second one changes nothing and
-- hears what the first one heard.
CREATE TABLE interaction (
	id TEXT PRIMARY KEY,		-- channel and the chat's own id
	at_ms INTEGER NOT NULL,
	refused TEXT,			-- reason code; NULL = it counted
	words TEXT			-- why it was refused
) WITHOUT ROWID;
CREATE INDEX interaction_by_time ON interaction (at_ms);

-- Accounts in chats that were found by mail address.
CREATE TABLE account (
	channel TEXT NOT NULL,
	account TEXT NOT NULL,		-- "TEAM/USER"
	person TEXT NOT NULL,
	email TEXT NOT NULL,		-- counts while it is the person's
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (channel, account)
) WITHOUT ROWID;
CREATE INDEX account_by_person ON account (person, channel);
