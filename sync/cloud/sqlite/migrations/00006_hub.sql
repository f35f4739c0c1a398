-- +goose Up
-- Who answers for a store on its own network while the internet is down: the newest appointment of each store. terminal is NULL where nobody does.
CREATE TABLE hub (
    merchant TEXT NOT NULL,
    store    TEXT NOT NULL,
    term     INTEGER NOT NULL,
    terminal INTEGER REFERENCES terminal,
    address  TEXT NOT NULL DEFAULT '',
    at       INTEGER NOT NULL,
    PRIMARY KEY (merchant, store),
    FOREIGN KEY (merchant, store) REFERENCES store
) STRICT, WITHOUT ROWID;

-- What follows is filled at a hub alone, whose database is a copy of the cloud's with the entries of its store that the cloud does not
-- count yet on top. Of each terminal: the last entry that the copy's rows count, the last one that the cloud has, and what the
-- terminal last said of its claims.
CREATE TABLE upstream (
    terminal INTEGER PRIMARY KEY REFERENCES terminal,
    included INTEGER NOT NULL DEFAULT 0,
    sent     INTEGER NOT NULL DEFAULT 0,
    instance TEXT NOT NULL DEFAULT '',
    counter  INTEGER NOT NULL DEFAULT 0,
    open     TEXT NOT NULL DEFAULT '[]'
) STRICT;

-- The net units of a voucher, or of a part of it, as the cloud counts them.
CREATE TABLE base (
    voucher INTEGER NOT NULL REFERENCES voucher,
    part    TEXT NOT NULL,
    used    INTEGER NOT NULL,
    PRIMARY KEY (voucher, part)
) STRICT, WITHOUT ROWID;

-- What the cloud counts under limits.
CREATE TABLE counted (
    merchant TEXT NOT NULL,
    campaign TEXT NOT NULL,
    customer TEXT NOT NULL,
    store    TEXT NOT NULL,
    day      TEXT NOT NULL,
    units    INTEGER NOT NULL,
    PRIMARY KEY (merchant, campaign, customer, store, day)
) STRICT, WITHOUT ROWID;
