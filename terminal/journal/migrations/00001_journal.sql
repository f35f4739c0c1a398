-- +goose Up

-- Who this terminal is, set once at enrolment.
CREATE TABLE identity (
	only       INTEGER PRIMARY KEY CHECK (only = 1),
	merchant   TEXT NOT NULL,
	store      TEXT NOT NULL,
	terminal   TEXT NOT NULL,
	currency   TEXT NOT NULL,
	public_key BLOB NOT NULL,
	root_key   BLOB NOT NULL
) STRICT;

-- The chain. bytes, hash and signature are the truth; the other columns are an index of bytes that verify compares.
CREATE TABLE entries (
	seq          INTEGER PRIMARY KEY,
	bytes        BLOB NOT NULL,
	hash         BLOB NOT NULL,
	signature    BLOB NOT NULL,
	epoch        INTEGER NOT NULL,
	kind         INTEGER NOT NULL,
	uid          BLOB NOT NULL UNIQUE,
	receipt      INTEGER,
	about        BLOB,
	business_day TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX entries_receipt ON entries (epoch, receipt) WHERE receipt IS NOT NULL;
CREATE INDEX entries_about ON entries (about) WHERE about IS NOT NULL;
CREATE INDEX entries_sales ON entries (seq) WHERE kind IN (1, 2);
CREATE INDEX entries_day ON entries (business_day);

-- Each line of a redemption (units > 0) or reversal (units < 0). reversed counts what later entries took back of it.
CREATE TABLE lines (
	voucher  INTEGER NOT NULL,
	seq      INTEGER NOT NULL,
	line     INTEGER NOT NULL,
	part     TEXT NOT NULL,
	units    INTEGER NOT NULL,
	reversed INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (voucher, seq, line)
) STRICT, WITHOUT ROWID;

-- What this terminal used of each voucher, for ever.
CREATE TABLE uses (
	voucher  INTEGER NOT NULL,
	part     TEXT NOT NULL,
	redeemed INTEGER NOT NULL,
	reversed INTEGER NOT NULL,
	PRIMARY KEY (voucher, part)
) STRICT, WITHOUT ROWID;

-- What each offline redemption put at risk. It counts while seq is later than acked.through and it was not reversed whole.
CREATE TABLE exposures (
	seq      INTEGER PRIMARY KEY,
	minor    INTEGER NOT NULL,
	currency TEXT NOT NULL,
	lifted   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE jobs (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	uid       BLOB,
	epoch     INTEGER NOT NULL,
	receipt   INTEGER NOT NULL,
	duplicate INTEGER NOT NULL,
	kind      TEXT NOT NULL,
	profile   TEXT NOT NULL,
	copies    INTEGER NOT NULL,
	hold      INTEGER NOT NULL,
	bytes     BLOB NOT NULL,
	state     TEXT NOT NULL,
	detail    TEXT NOT NULL,
	made      INTEGER NOT NULL,
	released  INTEGER,
	changed   INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_state ON jobs (state);
CREATE INDEX jobs_uid ON jobs (uid) WHERE uid IS NOT NULL;

-- How far the cloud has the chain.
CREATE TABLE acked (
	only    INTEGER PRIMARY KEY CHECK (only = 1),
	through INTEGER NOT NULL
) STRICT;
INSERT INTO acked VALUES (1, 0);

-- The cloud's words on redemptions and reversals. The newest of a uid holds; older ones stay.
CREATE TABLE verdicts (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	uid     BLOB NOT NULL,
	verdict TEXT NOT NULL,
	lines   TEXT NOT NULL,
	heard   INTEGER NOT NULL
) STRICT;
CREATE INDEX verdicts_uid ON verdicts (uid);

CREATE TABLE exceptions (
	id     TEXT PRIMARY KEY,
	state  TEXT NOT NULL,
	opened INTEGER NOT NULL,
	story  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pin_tries (
	operator TEXT PRIMARY KEY,
	wrong    INTEGER NOT NULL,
	last     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE mark (
	only      INTEGER PRIMARY KEY CHECK (only = 1),
	at        INTEGER NOT NULL,
	boot      TEXT NOT NULL,
	monotonic INTEGER NOT NULL,
	heard     INTEGER NOT NULL
) STRICT;

-- Each start of the program is an instance; the cloud is told the last one it acknowledged and the new one.
CREATE TABLE instance (
	only  INTEGER PRIMARY KEY CHECK (only = 1),
	acked TEXT NOT NULL,
	now   TEXT NOT NULL
) STRICT;

CREATE TABLE state (
	key   TEXT PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 'the journal is never taken back to an older form';
