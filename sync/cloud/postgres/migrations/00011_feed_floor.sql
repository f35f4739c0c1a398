-- +goose Up
-- Where a merchant's feed ended at some times: what is older than a while is found by that.
CREATE TABLE feed_mark (
    merchant text COLLATE "C" NOT NULL REFERENCES merchant,
    at       bigint NOT NULL,
    place    bigint NOT NULL,
    PRIMARY KEY (merchant, at)
);

-- Up to this place the outbox keeps of each thing the newest row alone.
CREATE TABLE feed_floor (
    merchant text COLLATE "C" PRIMARY KEY REFERENCES merchant,
    place    bigint NOT NULL
);

-- The terminals whose journal is not known to be here whole since the database turned out to be an older copy.
CREATE TABLE unheard (
    terminal bigint PRIMARY KEY REFERENCES terminal,
    merchant text COLLATE "C" NOT NULL,
    since    bigint NOT NULL
);
CREATE INDEX unheard_merchant ON unheard (merchant);
