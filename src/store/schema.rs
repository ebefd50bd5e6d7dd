//! The tables, and how an older database becomes one of this version.

/// Tells our databases from other programs' (SQLite's `application_id`): "mj01".
pub(crate) const APPLICATION_ID: i32 = 0x6D6A_3031;

/// The version of each database that this build makes; `user_version` of the file.
#[expect(clippy::cast_possible_truncation, reason = "a handful")]
pub(crate) const VERSION: u32 = MIGRATIONS.len() as u32;

/// Number n makes version n + 1. What is here once released never changes; a change is one more.
pub(crate) const MIGRATIONS: &[&str] = &[TABLES, NOTICES, SEALS];

const TABLES: &str = "
-- One row: numbers places, events and what PHP writes, so that each of them only grows.
CREATE TABLE sequence (only INTEGER PRIMARY KEY CHECK (only = 1), value INTEGER NOT NULL) STRICT;
INSERT INTO sequence VALUES (1, 0);

-- config and command_index are JSON, config with tokens: sealed where `seal` is set.
CREATE TABLE hub (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    known INTEGER NOT NULL DEFAULT 0,
    config_revision INTEGER NOT NULL DEFAULT 0,
    config TEXT,
    used_at INTEGER NOT NULL DEFAULT 0,
    status TEXT,
    status_at INTEGER,
    command_index TEXT
) STRICT;

CREATE TABLE lease (
    hub INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    owner TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    pid INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    resident INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    yield_requested INTEGER NOT NULL
) STRICT;

-- place is the order of submission; inbox is where PHP last wrote it; view and work as encoding.rs says.
CREATE TABLE task (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    hub INTEGER NOT NULL,
    status INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    view BLOB NOT NULL,
    priority INTEGER NOT NULL,
    inbox INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    ended_at INTEGER,
    key_held_until INTEGER,
    idempotency_key TEXT,
    parent_id TEXT,
    group_id TEXT,
    account TEXT,
    state TEXT,
    work BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX task_id ON task (id);
CREATE UNIQUE INDEX task_idempotency_key ON task (hub, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX task_status ON task (hub, status, place);
CREATE INDEX task_waiting ON task (hub, priority DESC, place) WHERE status = 0;
CREATE INDEX task_ended ON task (hub, ended_at, place) WHERE ended_at IS NOT NULL;
CREATE INDEX task_held ON task (hub, key_held_until, place) WHERE key_held_until IS NOT NULL AND ended_at IS NOT NULL;
CREATE INDEX task_inbox ON task (hub, inbox);
CREATE INDEX task_parent ON task (parent_id, place) WHERE parent_id IS NOT NULL;
CREATE INDEX task_group ON task (group_id, place) WHERE group_id IS NOT NULL;
CREATE INDEX task_account ON task (account, place) WHERE account IS NOT NULL;
CREATE INDEX task_state ON task (state, place) WHERE state IS NOT NULL;

-- How many tasks of each status, kept with every write, because counting 100,000 takes milliseconds.
CREATE TABLE tally (
    hub INTEGER NOT NULL,
    status INTEGER NOT NULL,
    tasks INTEGER NOT NULL,
    PRIMARY KEY (hub, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE feed (cursor INTEGER PRIMARY KEY, place INTEGER NOT NULL) STRICT;
CREATE INDEX feed_place ON feed (place);
CREATE TABLE consumer (name TEXT PRIMARY KEY, cursor INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- health, session and budget are JSON.
CREATE TABLE account (
    hub INTEGER NOT NULL,
    name TEXT NOT NULL,
    health TEXT NOT NULL,
    PRIMARY KEY (hub, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
    hub INTEGER NOT NULL,
    gateway INTEGER NOT NULL,
    session TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (hub, gateway)
) STRICT, WITHOUT ROWID;
CREATE TABLE identify (token_hash TEXT PRIMARY KEY, budget TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

// What is posted to tasks' own addresses: one row for each task that has one, none due when its newest state was taken.
const NOTICES: &str = "
CREATE TABLE notice (
    place INTEGER PRIMARY KEY,
    hub INTEGER NOT NULL,
    origin TEXT NOT NULL,
    url TEXT NOT NULL,
    revision INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    due INTEGER,
    given_up INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_due ON notice (hub, due, place) WHERE due IS NOT NULL;
CREATE INDEX notice_given_up ON notice (hub) WHERE given_up = 1;
";

// The name of the key that a hub's secrets are sealed with, none where they lie in the clear; and what of an earlier
// state may be left in the file: 2 until the file was written anew, then 1 until its log was emptied.
const SEALS: &str = "
ALTER TABLE hub ADD COLUMN seal INTEGER;
ALTER TABLE hub ADD COLUMN rests INTEGER NOT NULL DEFAULT 0;
";
