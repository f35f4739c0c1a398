-- +goose Up

CREATE TABLE campaigns (
	ref   INTEGER PRIMARY KEY,
	id    TEXT NOT NULL UNIQUE,
	stamp INTEGER NOT NULL, -- another number with each change, so that a campaign is decoded once
	body  BLOB NOT NULL
) STRICT;

-- Vouchers by what their codes hash to. What most vouchers have is a column, the rest is in extra, or NULL.
CREATE TABLE vouchers (
	lookup   BLOB PRIMARY KEY,
	id       INTEGER NOT NULL,
	campaign INTEGER NOT NULL,
	state    INTEGER NOT NULL,
	units    INTEGER NOT NULL,
	used     INTEGER NOT NULL,
	version  INTEGER NOT NULL,
	holder   TEXT,
	extra    BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX vouchers_id ON vouchers (id);
CREATE INDEX vouchers_holder ON vouchers (holder COLLATE NOCASE) WHERE holder IS NOT NULL;

CREATE TABLE operators (
	id   TEXT PRIMARY KEY,
	body BLOB NOT NULL -- AES-GCM: nonce, then what it seals
) STRICT, WITHOUT ROWID;

-- Where the cache stands, in one row that every page changes.
CREATE TABLE place (
	only        INTEGER PRIMARY KEY CHECK (only = 1),
	cursor      TEXT NOT NULL,
	included    INTEGER NOT NULL,
	reached_end INTEGER, -- microseconds since 1970
	vouchers    INTEGER NOT NULL,
	campaigns   INTEGER NOT NULL
) STRICT;
INSERT INTO place VALUES (1, '', 0, NULL, 0, 0);

CREATE TABLE state (
	key   TEXT PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 'the cache is made again, never taken back to an older form';
