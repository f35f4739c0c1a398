-- +goose Up
-- The keys that sign a merchant's tokens. None is ever deleted: what a retired one signed stays good, and a revoked one stays refused.
CREATE TABLE token_key (
    merchant    TEXT NOT NULL REFERENCES merchant,
    kid         TEXT NOT NULL,
    seed        BLOB NOT NULL,
    valid_from  INTEGER NOT NULL,
    valid_until INTEGER,
    state       TEXT NOT NULL, -- live, retired, revoked
    PRIMARY KEY (merchant, kid)
) STRICT;

-- Of the merchant's trust list: each change of a key makes it the next version.
ALTER TABLE merchant ADD COLUMN trust_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE merchant ADD COLUMN trust_changed INTEGER NOT NULL DEFAULT 0;
