-- +goose Up
-- Times are microseconds since 1970 in UTC. Bodies are JSON as package terminal writes it.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE feed_key (
    kid        TEXT PRIMARY KEY,
    seed       BLOB NOT NULL,
    valid_from INTEGER NOT NULL
) STRICT;

CREATE TABLE merchant (
    id         TEXT PRIMARY KEY,
    body       TEXT NOT NULL,
    lookup_key BLOB NOT NULL,
    place      INTEGER NOT NULL DEFAULT 0 -- the last one that the feed gave
) STRICT;

CREATE TABLE store (
    merchant TEXT NOT NULL REFERENCES merchant,
    id       TEXT NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (merchant, id)
) STRICT;

CREATE TABLE operator (
    merchant TEXT NOT NULL REFERENCES merchant,
    id       TEXT NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (merchant, id)
) STRICT;

CREATE TABLE campaign (
    merchant TEXT NOT NULL REFERENCES merchant,
    id       TEXT NOT NULL,
    kind     TEXT NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (merchant, id)
) STRICT;

CREATE TABLE voucher (
    id       INTEGER PRIMARY KEY, -- the eight bytes of the voucher id as a signed number
    merchant TEXT NOT NULL,
    campaign TEXT NOT NULL,
    lookup   BLOB NOT NULL,
    inner    BLOB NOT NULL,
    token    INTEGER NOT NULL DEFAULT 0,
    state    TEXT NOT NULL,
    state_at INTEGER,
    units    INTEGER NOT NULL,
    redeemed INTEGER NOT NULL DEFAULT 0, -- accepted, overrun and revoked
    reversed INTEGER NOT NULL DEFAULT 0, -- of those
    last_use TEXT,
    body     TEXT NOT NULL, -- as it was issued
    version  INTEGER NOT NULL DEFAULT 1,
    FOREIGN KEY (merchant, campaign) REFERENCES campaign
) STRICT;
CREATE UNIQUE INDEX voucher_lookup ON voucher (merchant, lookup);

-- The lines of an order to collect, once something happened to them.
CREATE TABLE part (
    voucher  INTEGER NOT NULL REFERENCES voucher,
    part     TEXT NOT NULL,
    redeemed INTEGER NOT NULL DEFAULT 0,
    reversed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (voucher, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE terminal (
    id            INTEGER PRIMARY KEY,
    merchant      TEXT NOT NULL,
    store         TEXT NOT NULL,
    name          TEXT NOT NULL,
    public_key    BLOB NOT NULL UNIQUE,
    seal_key      BLOB NOT NULL,
    version       TEXT NOT NULL,
    enrolled_at   INTEGER NOT NULL,
    last_seen     INTEGER,
    pending       INTEGER NOT NULL DEFAULT 0,
    suspended     INTEGER NOT NULL DEFAULT 0,
    instance      TEXT NOT NULL DEFAULT '', -- of the newest start of its program
    epoch         INTEGER NOT NULL DEFAULT 1,
    head_seq      INTEGER NOT NULL DEFAULT 0,
    head_hash     BLOB NOT NULL,
    head_receipt  INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (merchant, store) REFERENCES store
) STRICT;
CREATE UNIQUE INDEX terminal_name ON terminal (merchant, store, name) WHERE suspended = 0;

-- Every start of a terminal's program that was heard of, so that a late request of an old one is known for what it is.
CREATE TABLE instance (
    terminal INTEGER NOT NULL REFERENCES terminal,
    instance TEXT NOT NULL,
    seen_at  INTEGER NOT NULL,
    PRIMARY KEY (terminal, instance)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation (
    secret_hash BLOB PRIMARY KEY,
    merchant    TEXT NOT NULL,
    store       TEXT NOT NULL,
    name        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    terminal    INTEGER REFERENCES terminal,
    FOREIGN KEY (merchant, store) REFERENCES store
) STRICT;

CREATE TABLE entry (
    terminal     INTEGER NOT NULL REFERENCES terminal,
    seq          INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    uid          BLOB NOT NULL,
    kind         INTEGER NOT NULL,
    hash         BLOB NOT NULL,
    bytes        BLOB NOT NULL,
    signature    BLOB NOT NULL,
    business_day TEXT NOT NULL,
    verdict      TEXT NOT NULL,     -- '' for kinds that get none
    received_at  INTEGER NOT NULL,
    place        INTEGER NOT NULL,  -- of the feed, up to which all that this entry changed stands
    ordinal      INTEGER PRIMARY KEY
) STRICT;
CREATE UNIQUE INDEX entry_seq ON entry (terminal, seq);
CREATE INDEX entry_uid ON entry (uid);
CREATE INDEX entry_place ON entry (terminal, place);

CREATE TABLE line (
    entry    INTEGER NOT NULL REFERENCES entry (ordinal),
    line     INTEGER NOT NULL,
    kind     INTEGER NOT NULL, -- of the entry
    voucher  INTEGER NOT NULL,
    part     TEXT NOT NULL,
    units    INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    overrun  INTEGER NOT NULL,
    revoked  INTEGER NOT NULL,
    invalid  INTEGER NOT NULL,
    reversed INTEGER NOT NULL DEFAULT 0,
    other    TEXT,
    PRIMARY KEY (entry, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX line_voucher ON line (voucher, part, entry);

-- A claim keeps units for an entry until the entry arrives or its terminal says that it never will.
CREATE TABLE hold (
    terminal INTEGER NOT NULL REFERENCES terminal,
    uid      BLOB NOT NULL,
    line     INTEGER NOT NULL,
    id       TEXT NOT NULL,
    voucher  INTEGER NOT NULL,
    part     TEXT NOT NULL,
    units    INTEGER NOT NULL,
    reverse  BLOB,              -- the redemption that it would reverse
    operator TEXT NOT NULL,
    instance TEXT NOT NULL,
    counter  INTEGER NOT NULL,
    held_at  INTEGER NOT NULL,
    PRIMARY KEY (terminal, uid, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_voucher ON hold (voucher, part);

CREATE TABLE exception (
    id        INTEGER PRIMARY KEY,
    merchant  TEXT NOT NULL,
    kind      TEXT NOT NULL,
    state     TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    terminal  INTEGER REFERENCES terminal,
    entry     INTEGER REFERENCES entry (ordinal),
    line      INTEGER,
    mark      BLOB,              -- of a journal's: what makes it the same one again
    voucher   INTEGER,
    part      TEXT NOT NULL DEFAULT '',
    units     INTEGER NOT NULL DEFAULT 0,
    paid      INTEGER NOT NULL DEFAULT 0,
    stores    TEXT NOT NULL,     -- JSON: who is told
    body      TEXT NOT NULL      -- JSON: uses, worth, note
) STRICT;
CREATE INDEX exception_voucher ON exception (voucher, part) WHERE state = 'open';
CREATE INDEX exception_entry ON exception (entry, line);
CREATE UNIQUE INDEX exception_mark ON exception (terminal, kind, mark) WHERE mark IS NOT NULL;

-- What changed, in the order of the feed. store and terminal say who is told; empty means everybody.
CREATE TABLE outbox (
    merchant TEXT NOT NULL,
    place    INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    ref      TEXT NOT NULL,
    store    TEXT NOT NULL DEFAULT '',
    terminal INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (merchant, place)
) STRICT, WITHOUT ROWID;
