-- +goose Up
-- First fills: immutable files of all vouchers of a merchant, made when a terminal first asks for one.
CREATE TABLE snapshot (
    id         text COLLATE "C" PRIMARY KEY,
    merchant   text COLLATE "C" NOT NULL REFERENCES merchant,
    cursor     text NOT NULL,   -- of the feed, for who has stored the file
    place      bigint NOT NULL, -- of the feed, up to which the file holds everything
    vouchers   bigint NOT NULL,
    size       bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX snapshot_merchant ON snapshot (merchant, created_at);

CREATE TABLE snapshot_part (
    snapshot text COLLATE "C" NOT NULL,
    part     integer NOT NULL,
    hash     bytea NOT NULL, -- SHA-256
    bytes    bytea NOT NULL,
    made_at  bigint NOT NULL,
    PRIMARY KEY (snapshot, part)
);
ALTER TABLE snapshot_part ALTER COLUMN bytes SET STORAGE EXTERNAL; -- it is compressed already

-- What a terminal pulls that has its vouchers from a first fill.
CREATE INDEX outbox_other ON outbox (merchant, place) WHERE kind <> 'voucher';
