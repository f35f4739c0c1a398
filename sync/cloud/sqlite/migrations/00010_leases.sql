-- +goose Up
-- What is reserved to one terminal until a time: units of a voucher, or, where voucher is 0, of what a campaign may count on a day. An open
-- lease keeps what is not spent of it from everybody else, also after its expiry: until its terminal's journal is here past that,
-- or its word that nothing more is spent, or a manager writes it off.
CREATE TABLE lease (
    id         TEXT PRIMARY KEY,
    merchant   TEXT NOT NULL,
    terminal   INTEGER NOT NULL REFERENCES terminal,
    voucher    INTEGER NOT NULL,
    part       TEXT NOT NULL,
    campaign   TEXT NOT NULL,
    customer   TEXT NOT NULL, -- of a voucher's, as terminal.Voucher.Counted says
    store      TEXT NOT NULL,
    day        TEXT NOT NULL,
    units      INTEGER NOT NULL,
    spent      INTEGER NOT NULL DEFAULT 0,
    epoch      INTEGER NOT NULL,
    after      INTEGER NOT NULL, -- later entries of its terminal spend it
    wanted     INTEGER NOT NULL DEFAULT 0, -- another terminal was refused for it
    state      TEXT NOT NULL DEFAULT 'open', -- open, returned, written_off
    granted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    closed_at  INTEGER
) STRICT;
CREATE INDEX lease_terminal ON lease (terminal) WHERE state = 'open';
CREATE INDEX lease_voucher ON lease (voucher, part) WHERE state = 'open';
CREATE INDEX lease_limit ON lease (merchant, campaign, day) WHERE state = 'open';
