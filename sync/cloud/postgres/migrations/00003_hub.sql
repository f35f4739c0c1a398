-- +goose Up
-- Who answers for a store on its own network while the internet is down: the newest appointment of each store. terminal is NULL where nobody does.
CREATE TABLE hub (
    merchant text COLLATE "C" NOT NULL,
    store    text COLLATE "C" NOT NULL,
    term     bigint NOT NULL,
    terminal bigint REFERENCES terminal,
    address  text COLLATE "C" NOT NULL DEFAULT '',
    at       bigint NOT NULL,
    PRIMARY KEY (merchant, store),
    FOREIGN KEY (merchant, store) REFERENCES store
);

-- What follows is filled at a hub alone, whose database is a copy of the cloud's with the entries of its store that the cloud does not
-- count yet on top. Of each terminal: the last entry that the copy's rows count, the last one that the cloud has, and what the
-- terminal last said of its claims.
CREATE TABLE upstream (
    terminal bigint PRIMARY KEY REFERENCES terminal,
    included bigint NOT NULL DEFAULT 0,
    sent     bigint NOT NULL DEFAULT 0,
    instance text COLLATE "C" NOT NULL DEFAULT '',
    counter  bigint NOT NULL DEFAULT 0,
    open     text COLLATE "C" NOT NULL DEFAULT '[]'
);

-- The net units of a voucher, or of a part of it, as the cloud counts them.
CREATE TABLE base (
    voucher bigint NOT NULL REFERENCES voucher,
    part    text COLLATE "C" NOT NULL,
    used    bigint NOT NULL,
    PRIMARY KEY (voucher, part)
);

-- What the cloud counts under limits.
CREATE TABLE counted (
    merchant text COLLATE "C" NOT NULL,
    campaign text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    store    text COLLATE "C" NOT NULL,
    day      text COLLATE "C" NOT NULL,
    units    bigint NOT NULL,
    PRIMARY KEY (merchant, campaign, customer, store, day)
);
