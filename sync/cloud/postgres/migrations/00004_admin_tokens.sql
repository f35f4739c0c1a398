-- +goose Up
-- What lets the merchant's own systems in: of each token only the hash. Those that were ended stay, so that it is known who had one.
CREATE TABLE admin_token (
    hash       bytea PRIMARY KEY,
    name       text NOT NULL,
    merchant   text COLLATE "C" NOT NULL DEFAULT '', -- the only one that it is for
    created_at bigint NOT NULL,
    ended_at   bigint
);
CREATE UNIQUE INDEX admin_token_name ON admin_token (name) WHERE ended_at IS NULL;
