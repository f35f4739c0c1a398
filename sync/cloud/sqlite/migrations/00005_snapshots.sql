-- +goose Up
-- First fills: immutable files of all vouchers of a merchant, made when a terminal first asks for one.
CREATE TABLE snapshot (
    id         TEXT PRIMARY KEY,
    merchant   TEXT NOT NULL REFERENCES merchant,
    cursor     TEXT NOT NULL,    -- of the feed, for who has stored the file
    place      INTEGER NOT NULL, -- of the feed, up to which the file holds everything
    vouchers   INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshot_merchant ON snapshot (merchant, created_at);

CREATE TABLE snapshot_part (
    snapshot TEXT NOT NULL,
    part     INTEGER NOT NULL,
    hash     BLOB NOT NULL, -- SHA-256
    bytes    BLOB NOT NULL,
    made_at  INTEGER NOT NULL,
    PRIMARY KEY (snapshot, part)
) STRICT;

-- What a terminal pulls that has its vouchers from a first fill.
CREATE INDEX outbox_other ON outbox (merchant, place) WHERE kind <> 'voucher';
