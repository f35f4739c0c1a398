-- +goose Up
-- Where a merchant's feed ended at some times: what is older than a while is found by that.
CREATE TABLE feed_mark (
    merchant TEXT NOT NULL REFERENCES merchant,
    at       INTEGER NOT NULL,
    place    INTEGER NOT NULL,
    PRIMARY KEY (merchant, at)
) STRICT, WITHOUT ROWID;

-- Up to this place the outbox keeps of each thing the newest row alone.
CREATE TABLE feed_floor (
    merchant TEXT PRIMARY KEY REFERENCES merchant,
    place    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The terminals whose journal is not known to be here whole since the database turned out to be an older copy.
CREATE TABLE unheard (
    terminal INTEGER PRIMARY KEY REFERENCES terminal,
    merchant TEXT NOT NULL,
    since    INTEGER NOT NULL
) STRICT;
CREATE INDEX unheard_merchant ON unheard (merchant);
