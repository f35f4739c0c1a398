-- +goose Up
-- What lets the merchant's own systems in: of each token only the hash. Those that were ended stay, so that it is known who had one.
CREATE TABLE admin_token (
    hash       BLOB PRIMARY KEY,
    name       TEXT NOT NULL,
    merchant   TEXT NOT NULL DEFAULT '', -- the only one that it is for
    created_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX admin_token_name ON admin_token (name) WHERE ended_at IS NULL;
