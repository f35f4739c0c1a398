-- +goose Up
-- What is reserved to one terminal until a time: units of a voucher, or, where voucher is 0, of what a campaign may count on a day. An open
-- lease keeps what is not spent of it from everybody else, also after its expiry: until its terminal's journal is here past that,
-- or its word that nothing more is spent, or a manager writes it off.
CREATE TABLE lease (
    id         text COLLATE "C" PRIMARY KEY,
    merchant   text COLLATE "C" NOT NULL,
    terminal   bigint NOT NULL REFERENCES terminal,
    voucher    bigint NOT NULL,
    part       text COLLATE "C" NOT NULL,
    campaign   text COLLATE "C" NOT NULL,
    customer   text COLLATE "C" NOT NULL, -- of a voucher's, as terminal.Voucher.Counted says
    store      text COLLATE "C" NOT NULL,
    day        text COLLATE "C" NOT NULL,
    units      bigint NOT NULL,
    spent      bigint NOT NULL DEFAULT 0,
    epoch      bigint NOT NULL,
    after      bigint NOT NULL, -- later entries of its terminal spend it
    wanted     bigint NOT NULL DEFAULT 0, -- another terminal was refused for it
    state      text NOT NULL DEFAULT 'open', -- open, returned, written_off
    granted_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    closed_at  bigint
);
CREATE INDEX lease_terminal ON lease (terminal) WHERE state = 'open';
CREATE INDEX lease_voucher ON lease (voucher, part) WHERE state = 'open';
CREATE INDEX lease_limit ON lease (merchant, campaign, day) WHERE state = 'open';
